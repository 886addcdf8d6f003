import assert from 'node:assert/strict';
import test from 'node:test';
import { filesOf } from '../dropped.js';
import { TransferError } from '../errors.js';

// What a browser gives of one dropped thing: `tree` is a file's name, or [a folder's name, ...what is in it].

const gone = (name) => new DOMException(`${name} is gone`, 'NotFoundError');

function entry(tree) {
  if (typeof tree === 'string') {
    const file = (resolve, reject) => (tree.startsWith('gone') ? reject(gone(tree)) : resolve(`file ${tree}`));
    return { name: tree, isDirectory: false, file };
  }
  const [name, ...children] = tree;
  const createReader = () => {
    const left = children.map(entry);
    // Two at a time, as browsers give a part of them in each call.
    return {
      readEntries: (resolve, reject) => (name.startsWith('gone') ? reject(gone(name)) : resolve(left.splice(0, 2))),
    };
  };
  return { name, isDirectory: true, createReader };
}

function handle(tree) {
  if (typeof tree === 'string') return { kind: 'file', name: tree };
  const [name, ...children] = tree;
  const values = async function* () {
    if (name.startsWith('gone')) throw gone(name);
    yield* children.map(handle);
  };
  return { kind: 'directory', name, values };
}

const byFile = (name) => ({ kind: 'file', getAsFile: () => ({ name }) });
const byEntry = (tree) => ({ kind: 'file', getAsFile: () => null, webkitGetAsEntry: () => entry(tree) });
const byHandle = (tree, found = handle(tree)) => ({ ...byEntry(tree), getAsFileSystemHandle: async () => found });

async function read(items) {
  const found = [];
  for await (const one of filesOf({ items })) found.push(one);
  return found;
}

const TREE = ['folder', 'a', ['inner', 'b', 'c', 'd', 'e', 'f'], ['empty'], 'g'];
const PATHS = [
  'folder/a',
  'folder/inner/b',
  'folder/inner/c',
  'folder/inner/d',
  'folder/inner/e',
  'folder/inner/f',
  'folder/g',
];

test('dropped: folders are walked to their end, by handles where the browser has them', async () => {
  const found = await read([byHandle(TREE), byHandle('x')]);
  assert.deepEqual(
    found.map(({ path }) => path),
    [...PATHS, 'x'],
  );
  assert.deepEqual(found.at(-1).source, { kind: 'file', name: 'x' });
});

test('dropped: folders are walked to their end by entries, which come in parts', async () => {
  const found = await read([byEntry(TREE), byEntry('x')]);
  assert.deepEqual(
    found.map(({ path }) => path),
    [...PATHS, 'x'],
  );
  assert.deepEqual(found.at(-1).source, 'file x');
});

test('dropped: a browser that knows neither gives the files', async () => {
  assert.deepEqual(await read([byFile('a'), byFile('b')]), [
    { source: { name: 'a' }, path: 'a' },
    { source: { name: 'b' }, path: 'b' },
  ]);
});

test('dropped: where a source gives no handle, or refuses it, the entry does', async () => {
  const refusing = {
    ...byEntry('b'),
    getAsFileSystemHandle: () => Promise.reject(new DOMException('no', 'NotAllowedError')),
  };
  const found = await read([byHandle('a', null), refusing]);
  assert.deepEqual(found, [
    { source: 'file a', path: 'a' },
    { source: 'file b', path: 'b' },
  ]);
});

test('dropped: texts are no files, and nothing dropped is nothing found', async () => {
  assert.deepEqual(await read([{ kind: 'string' }, byFile('a')]), [{ source: { name: 'a' }, path: 'a' }]);
  for (const transfer of [null, undefined, {}, { items: [] }]) {
    for await (const one of filesOf(transfer)) assert.fail(one);
  }
});

test("dropped: the browser's list is read within the event, after which it is empty", async () => {
  let over = false;
  const within =
    (get) =>
    (...args) => {
      assert.equal(over, false);
      return get(...args);
    };
  const item = Object.fromEntries(
    Object.entries(byHandle('a')).map(([key, get]) => [key, key === 'kind' ? get : within(get)]),
  );
  const items = [item];
  const walk = filesOf({ items });
  over = true;
  items.length = 0;
  const found = [];
  for await (const { path } of walk) found.push(path);
  assert.deepEqual(found, ['a']);
});

for (const [way, drop] of [
  ['entries', byEntry],
  ['handles', byHandle],
]) {
  test(`dropped: what can not be read by ${way} is told after all that can`, async () => {
    const tree = ['folder', ['gone inner', 'never seen'], 'a'];
    const found = [];
    const walk = async () => {
      for await (const { path } of filesOf({ items: [drop(tree), drop('b')] })) found.push(path);
    };
    await assert.rejects(walk(), (error) => {
      assert.ok(error instanceof TransferError);
      assert.equal(error.code, 'file-unreadable');
      assert.equal(
        error.message,
        'Reading what was dropped failed for 1 of its files and folders, first folder/gone inner: gone inner is gone',
      );
      assert.equal(error.cause.name, 'NotFoundError');
      return true;
    });
    assert.deepEqual(found, ['folder/a', 'b']);
  });
}

test('dropped: the failures are counted, and the first is named', async () => {
  const walk = read([byEntry(['folder', 'gone 1', 'gone 2', 'a', 'gone 3'])]);
  await assert.rejects(walk, /failed for 3 of its files and folders, first folder\/gone 1: gone 1 is gone/);
});

test('dropped: a file that the browser does not give is a failure, and no file', async () => {
  const items = [{ kind: 'file', getAsFile: () => null, webkitGetAsEntry: () => null }, byFile('a')];
  const found = [];
  const walk = async () => {
    for await (const one of filesOf({ items })) found.push(one);
  };
  await assert.rejects(
    walk(),
    (error) => error.code === 'file-unreadable' && /failed for 1 of its files/.test(error.message),
  );
  assert.deepEqual(found, [{ source: { name: 'a' }, path: 'a' }]);
});

test('dropped: a file whose entry leads nowhere, as of a pasted picture in WebKit, is taken itself', async () => {
  const file = { name: 'gone.png' };
  const found = await read([{ ...byEntry('gone.png'), getAsFile: () => file }]);
  assert.deepEqual(found, [{ source: file, path: 'gone.png' }]);
  await assert.rejects(read([byEntry('gone.png')]), { code: 'file-unreadable' });
});
