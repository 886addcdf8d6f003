import assert from 'node:assert/strict';
import { File as NodeFile } from 'node:buffer';
import test from 'node:test';
import vm from 'node:vm';
import { asOwn, describe, isBlob, isFileHandle, isSource, isUrl, kindOf } from '../types.js';
import { setGlobal } from './stand-ins/globals.js';

// A value as it comes from another frame: of its kind, and no instance of this frame's class.
const foreign = (kind, properties = {}) => Object.assign(Object.create({ [Symbol.toStringTag]: kind }), properties);

test("types: a value's kind is told without instanceof, so also of a value from another frame", () => {
  const rows = [
    [new Blob([]), 'Blob'],
    [new NodeFile([], 'a'), 'File'],
    [new URL('https://host'), 'URL'],
    [new Headers(), 'Headers'],
    [new AbortController().signal, 'AbortSignal'],
    [new ArrayBuffer(0), 'ArrayBuffer'],
    [{}, 'Object'],
    [[], 'Array'],
    [null, 'Null'],
    [undefined, 'Undefined'],
    ['text', 'String'],
    [vm.runInNewContext('({})'), 'Object'],
    [vm.runInNewContext('new ArrayBuffer(1)'), 'ArrayBuffer'],
    [foreign('FileSystemFileHandle'), 'FileSystemFileHandle'],
  ];
  for (const [value, kind] of rows) assert.equal(kindOf(value), kind);
});

test('types: blobs and files can be uploaded as they are, handles of files after they are opened', () => {
  for (const blob of [new Blob([]), new NodeFile([], 'a'), foreign('File')]) {
    assert.deepEqual([isBlob(blob), isFileHandle(blob), isSource(blob)], [true, false, true]);
  }
  const handle = foreign('FileSystemFileHandle');
  assert.deepEqual([isBlob(handle), isFileHandle(handle), isSource(handle)], [false, true, true]);
  for (const other of [null, undefined, 'C:\\file', {}, new ArrayBuffer(1), foreign('FileSystemDirectoryHandle')]) {
    assert.deepEqual([isBlob(other), isFileHandle(other), isSource(other)], [false, false, false]);
  }
});

test('types: a URL is a text that is not empty, or an object, also of another frame', () => {
  for (const url of ['/file', 'https://host', new URL('https://host'), foreign('URL')]) assert.equal(isUrl(url), true);
  for (const other of ['', null, undefined, 7, {}, ['/file']]) assert.equal(isUrl(other), false);
});

test('types: a file of this page stays the one it is', () => {
  const blob = new Blob(['a']);
  assert.equal(asOwn(blob), blob);
});

test('types: a handle of this page stays the one it is', (t) => {
  class FileSystemFileHandle {
    get [Symbol.toStringTag]() {
      return 'FileSystemFileHandle';
    }
  }
  setGlobal(t, 'FileSystemFileHandle', FileSystemFileHandle);
  const handle = new FileSystemFileHandle();
  assert.equal(asOwn(handle), handle);
});

test('types: a file of another frame becomes one of this page, by a clone that is of the same kind', (t) => {
  const blob = new Blob(['abc']);
  // As if this page's own class were another.
  class OwnBlob extends Blob {}
  setGlobal(t, 'Blob', OwnBlob);
  const clone = foreign('Blob');
  setGlobal(t, 'structuredClone', (source) => (source === blob ? clone : assert.fail('of something else')));
  assert.equal(asOwn(blob), clone);
  // Some browsers make an object without properties of what they can't clone.
  setGlobal(t, 'structuredClone', () => ({}));
  assert.ok(asOwn(blob) instanceof OwnBlob);
});

test('types: a file that can not be cloned is wrapped, with its name, type and date', async (t) => {
  setGlobal(t, 'File', NodeFile);
  setGlobal(t, 'structuredClone', () => {
    throw new DOMException('no', 'DataCloneError');
  });
  const cases = [
    new NodeFile(['abc'], 'a.txt', { type: 'text/plain', lastModified: 7 }),
    new Blob(['abc'], { type: 'text/plain' }),
  ];
  for (const source of cases) {
    setGlobal(t, 'Blob', class extends Blob {});
    const own = asOwn(source);
    assert.notEqual(own, source);
    assert.equal(await own.text(), 'abc');
    const facts = ({ size, type, name, lastModified }) => ({ size, type, name, lastModified });
    assert.deepEqual(facts(own), facts(source));
    assert.equal(kindOf(own), kindOf(source));
  }
});

test('types: a handle that can not be cloned is used as it is', (t) => {
  const handle = foreign('FileSystemFileHandle', { name: 'a.txt', getFile() {} });
  setGlobal(t, 'FileSystemFileHandle', class {});
  setGlobal(t, 'structuredClone', () => {
    throw new DOMException('no', 'DataCloneError');
  });
  assert.equal(asOwn(handle), handle);
});

test('types: a page that has replaced a class by something else does not break it', (t) => {
  const blob = new Blob(['abc']);
  setGlobal(t, 'structuredClone', () => blob);
  setGlobal(t, 'Blob', 'no class');
  assert.equal(asOwn(blob), blob);
});

test('types: an error message names a value shortly and without its secrets', () => {
  const rows = [
    ['text', '"text"'],
    ['a "quoted" text\n', '"a \\"quoted\\" text\\n"'],
    ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
    ['x'.repeat(60), `"${'x'.repeat(60)}"`],
    ['https://user:pass@host/path?signature=1', '"https://host/path"'],
    [7, '7'],
    [NaN, 'NaN'],
    [7n, '7n'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [() => 'secret', 'a function'],
    [{ token: 'secret' }, 'an object (Object)'],
    [['secret'], 'an object (Array)'],
    [new Date(0), 'an object (Date)'],
  ];
  for (const [value, shown] of rows) assert.equal(describe(value), shown);
});
