import assert from 'node:assert/strict';
import test from 'node:test';
import './stand-ins/generated.js';

test('element: on a server it is a class that registers nothing', async () => {
  const { XuchuanUpload } = await import('../element.js');
  assert.equal(typeof XuchuanUpload, 'function');
  assert.equal(typeof XuchuanUpload.engine.upload, 'function');
  assert.ok(XuchuanUpload.strings.zh.choose);
});
