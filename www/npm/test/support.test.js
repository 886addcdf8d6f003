import assert from 'node:assert/strict';
import test from 'node:test';
import { canRun } from '../support.js';
import { setGlobal } from './stand-ins/globals.js';

test('support: all that the engine needs is here', () => {
  assert.equal(canRun(), true);
});

for (const name of ['WebAssembly', 'fetch', 'Blob', 'ReadableStream']) {
  test(`support: without ${name} it can not run`, (t) => {
    setGlobal(t, name, undefined);
    assert.equal(canRun(), false);
  });
}

test('support: a browser whose WebAssembly has no reference types can not run it', (t) => {
  setGlobal(t, 'WebAssembly', { validate: (bytes) => !bytes.includes(0x6f) });
  assert.equal(canRun(), false);
});
