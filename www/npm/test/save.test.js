import assert from 'node:assert/strict';
import test from 'node:test';
import { TransferError } from '../errors.js';
import { save } from '../save.js';
import { Clock } from './stand-ins/clock.js';
import { setGlobal } from './stand-ins/globals.js';

// A page in which links are clicked; the object URLs that it knows, with what is behind them.
function page(t) {
  const at = { clicked: [], urls: new Map(), clock: new Clock(t) };
  const create = (blob) => {
    const url = `blob:${at.urls.size}`;
    at.urls.set(url, blob);
    return url;
  };
  t.mock.method(URL, 'createObjectURL', create);
  t.mock.method(URL, 'revokeObjectURL', (url) => at.urls.delete(url));
  setGlobal(t, 'document', {
    createElement: () => ({
      click() {
        at.clicked.push({ name: this.download, blob: at.urls.get(this.href) });
      },
    }),
  });
  return at;
}

test('save: a File is saved as it is, under its own name or another', async (t) => {
  const { clicked } = page(t);
  const file = new File(['abc'], 'a.txt', { type: 'text/plain' });
  save(file);
  save(file, 'b.txt');
  save({ data: file, contentType: 'image/png' }, null);
  assert.deepEqual(
    clicked.map(({ name }) => name),
    ['a.txt', 'b.txt', 'a.txt'],
  );
  for (const { blob } of clicked) assert.equal(blob, file);
});

test('save: bytes become a Blob, of the type that a result says', async (t) => {
  const { clicked } = page(t);
  const { buffer } = Uint8Array.of(97, 98);
  save(buffer);
  save(new Uint8Array(buffer, 1));
  save({ data: buffer, contentType: 'image/png' }, 'p.png');
  save({ data: buffer, contentType: null });
  const texts = await Promise.all(clicked.map(({ blob }) => blob.text()));
  assert.deepEqual(texts, ['ab', 'b', 'ab', 'ab']);
  assert.deepEqual(
    clicked.map(({ name, blob }) => [name, blob.type]),
    [
      ['download', ''],
      ['download', ''],
      ['p.png', 'image/png'],
      ['download', ''],
    ],
  );
});

test('save: the address lives until a user has answered, and not forever', async (t) => {
  const { urls, clock } = page(t);
  save(new Blob(['abc']));
  await clock.pass(5 * 60_000);
  assert.equal(urls.size, 1);
  await clock.pass(6 * 60_000);
  assert.equal(urls.size, 0);
});

test('save: what is no bytes, or no name, is a TypeError', (t) => {
  page(t);
  for (const wrong of [undefined, null, 'abc', 7, {}, { data: null }, { data: 'abc' }]) {
    assert.throws(() => save(wrong), /^TypeError: save\(\): the first argument must be a Blob/);
  }
  assert.throws(() => save(new Blob([]), 7), /^TypeError: save\(\): the second argument/);
});

test('save: a worker has no downloads', () => {
  assert.throws(
    () => save(new Blob(['abc'])),
    (error) => error instanceof TransferError && error.code === 'unsupported',
  );
});
