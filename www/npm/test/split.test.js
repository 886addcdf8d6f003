import assert from 'node:assert/strict';
import test from 'node:test';
import { split } from '../split.js';

const noop = () => {};

test("split: the page's callbacks and its signal stay on this side, the engine gets the rest", () => {
  const { signal } = new AbortController();
  const { page, engine } = split({ onProgress: noop, onState: noop, signal, chunkSize: 5, headers: { a: '1' } });
  assert.deepEqual(engine, { chunkSize: 5, headers: { a: '1' } });
  assert.deepEqual([page.onProgress, page.onState, page.signal], [noop, noop, signal]);
  assert.equal(page.thrown(), undefined);
});

test('split: what headers() gives is checked and copied as text each time', async () => {
  let count = 0;
  const { engine } = split({ headers: async () => ({ 'X-Count': (count += 1) }) });
  assert.deepEqual([await engine.headers(), await engine.headers()], [{ 'X-Count': '1' }, { 'X-Count': '2' }]);
  const wrong = split({ headers: () => ({ 'X A': 'hunter2' }) });
  await assert.rejects(wrong.engine.headers(), {
    name: 'TypeError',
    message: 'what headers() gave can\'t be sent: "X A" is no name of a header',
  });
});

test('split: what refreshUrl() gives has to be a URL that can be asked', async () => {
  const ask = (given) => split({ refreshUrl: () => given }).engine.refreshUrl();
  assert.equal(await ask('/file'), '/file');
  assert.equal(await ask(new URL('https://host/file')), 'https://host/file');
  assert.equal(await ask('blob:https://host/1'), 'blob:https://host/1');
  await assert.rejects(ask('ftp://host'), /^TypeError: what refreshUrl\(\) gave has the scheme "ftp:"/);
  for (const none of ['', undefined, null, 7]) await assert.rejects(ask(none), /what refreshUrl\(\) gave is no URL/);
});

test("split: what the page's own function threw is known", async () => {
  const thrown = new Error('of the page');
  const failing = () => {
    throw thrown;
  };
  for (const name of ['headers', 'refreshUrl']) {
    const { page, engine } = split({ headers: noop, refreshUrl: noop, [name]: failing });
    await assert.rejects(engine[name](), thrown);
    assert.equal(page.thrown(), thrown);
  }
});
