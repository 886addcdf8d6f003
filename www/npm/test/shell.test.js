import assert from 'node:assert/strict';
import test from 'node:test';
import './stand-ins/generated.js';
import { glues } from './stand-ins/engine.js';
import { setGlobal, settled } from './stand-ins/globals.js';
import { LockManager } from './stand-ins/locks.js';
import { module } from './stand-ins/wasm.js';

const { createShell } = await import('../shell.js');
const { downloads } = await import('../downloads.js');
const { uploads } = await import('../uploads.js');
const { TransferError } = await import('../errors.js');

const file = new Blob(['abc']);

// An entry of the package that has both kinds.
function shell(kinds = [uploads, downloads]) {
  const made = { loads: 0 };
  const wasm = () => {
    made.loads += 1;
    return module;
  };
  return Object.assign(made, createShell({ wasm, workers: [] }, kinds));
}

// The same when its engine is there, and the glue of that.
async function loaded(t, answers = {}) {
  setGlobal(t, 'navigator', { locks: new LockManager() });
  const made = shell();
  await made.init();
  const glue = glues.at(-1);
  Object.assign(glue.answers, answers);
  return { ...made, glue };
}

const verbs = (glue) => glue.told.filter(([verb]) => verb !== 'knock');

function handle(properties) {
  const given = Object.create({ [Symbol.toStringTag]: 'FileSystemFileHandle' });
  return Object.assign(given, { name: 'a.txt', getFile: async () => file, ...properties });
}

test('shell: an entry has the verbs of its kinds and those that all have', () => {
  const all = ['TransferError', 'init', 'isSupported', 'pending'];
  const names = (kinds) => Object.keys(createShell({}, kinds)).sort();
  assert.deepEqual(names([uploads]), [...all, 'digest', 'filesOf', 'upload'].sort());
  assert.deepEqual(names([downloads]), [...all, 'download', 'save'].sort());
  assert.deepEqual(names([uploads, downloads]), [...all, 'digest', 'download', 'filesOf', 'save', 'upload'].sort());
});

test('shell: making it loads nothing; init loads the engine, once', async () => {
  const made = shell();
  await settled();
  assert.equal(made.loads, 0);
  assert.equal(await made.init(), undefined);
  await made.init();
  assert.equal(made.loads, 1);
});

test('shell: a wrong argument or option throws at once, and loads nothing', () => {
  const made = shell();
  const wrong = [
    () => made.upload('C:\\file'),
    () => made.upload(file, { chunksize: 5 }),
    () => made.upload(file, { endpoint: 'ftp://host' }),
    () => made.download(''),
    () => made.download('ftp://host/'),
    () => made.download('/file', { chunkSize: 5 }),
    () => made.digest(null),
    () => made.digest(file, { chunkSize: 0 }),
    () => made.init({ wasm: 7 }),
  ];
  for (const call of wrong) assert.throws(call, TypeError, String(call));
  assert.equal(made.loads, 0);
});

test('shell: in a page that nothing can be relative to, an upload needs an endpoint', (t) => {
  setGlobal(t, 'document', { baseURI: 'about:blank' });
  const made = shell();
  assert.throws(() => made.upload(file), /^TypeError: upload\(\): the option "endpoint" can't be read as a URL/);
  made.upload(file, { endpoint: 'https://host/api' }).abort();
});

test('upload: the engine gets the file and the options that are its own', async (t) => {
  const { upload, glue } = await loaded(t);
  const transfer = upload(file, { chunkSize: 5, onState() {}, endpoint: new URL('https://host/api') });
  assert.deepEqual([transfer.state, transfer.progress.total], ['queued', 3]);
  await settled();
  const [[verb, source, options]] = verbs(glue);
  assert.deepEqual([verb, source, options], ['startUpload', file, { chunkSize: 5, endpoint: 'https://host/api' }]);
});

test('upload: a file of another frame becomes one of this page within the call, since its frame may go', async (t) => {
  class OwnBlob extends Blob {}
  setGlobal(t, 'Blob', OwnBlob);
  setGlobal(t, 'structuredClone', (source) => new OwnBlob([source]));
  const { upload, glue } = await loaded(t);
  upload(file);
  setGlobal(t, 'structuredClone', () => assert.fail('too late'));
  await settled();
  assert.ok(verbs(glue)[0][1] instanceof OwnBlob);
});

test('upload: the file of a handle is opened, and the handle is remembered', async (t) => {
  const { upload, glue } = await loaded(t);
  const given = handle();
  upload(given);
  await settled();
  const [[verb, source, options]] = verbs(glue);
  assert.deepEqual([verb, source], ['startUpload', file]);
  assert.equal(options.handle, given);
});

test('upload: a handle is asked within the call, while the click counts, and a file that is gone fails it', async (t) => {
  const { upload, glue } = await loaded(t);
  let asked = 0;
  const gone = () => {
    asked += 1;
    throw new DOMException('gone', 'NotFoundError');
  };
  const transfer = upload(handle({ getFile: gone }));
  await null;
  assert.equal(asked, 1);
  await assert.rejects(transfer.done, { code: 'file-unreadable' });
  assert.deepEqual(verbs(glue), []);
});

test('download: the engine gets the URL as a text and the options that are its own', async (t) => {
  const { download, glue } = await loaded(t);
  const transfer = download(new URL('https://host/file'), { to: 'blob', onProgress() {} });
  assert.equal(transfer.progress.total, 0);
  await settled();
  const [[verb, url, options]] = verbs(glue);
  assert.deepEqual([verb, url, options], ['startDownload', 'https://host/file', { to: 'blob' }]);
});

test('digest: resolves with what the engine computes, of a file or a handle', async (t) => {
  const result = { fileId: '900150983cd24fb0d6963f7d28e17f72' };
  const { digest, glue } = await loaded(t, { digest: result });
  assert.equal(await digest(file, { chunkSize: 5 }), result);
  assert.equal(await digest(handle()), result);
  assert.deepEqual(glue.told, [
    ['digest', file, { chunkSize: 5 }],
    ['digest', file, {}],
  ]);
});

test('digest: what the engine rejects with is a TransferError', async (t) => {
  const { digest, glue } = await loaded(t);
  glue.digest = () => Promise.reject({ code: 'file-unreadable', message: 'Reading failed' });
  await assert.rejects(digest(file), (error) => error instanceof TransferError && error.code === 'file-unreadable');
  glue.digest = async () => glue.trap();
  await assert.rejects(digest(file), (error) => error instanceof TransferError && error.code === 'engine');
});

const SHAPES = [
  { key: 'up', kind: 'upload', name: 'a.txt', size: 3, needsFile: true },
  { key: 'held', kind: 'upload', name: 'b.txt', size: 3, needsFile: false, handle: handle() },
  { key: 'down', kind: 'download', name: 'c', size: 9, needsFile: false },
];

test('pending: shows what the engine knows, without keys and handles, and not what another tab is at', async (t) => {
  const { pending } = await loaded(t, { pending: SHAPES });
  const found = await pending();
  assert.deepEqual(
    found.map(({ resume, forget, ...shape }) => [typeof resume, typeof forget, shape]),
    SHAPES.map(({ key, handle: _, ...shape }) => ['function', 'function', shape]),
  );
  navigator.locks.request('xuchuan up', {}, () => new Promise(() => {}));
  await settled();
  assert.deepEqual(
    (await pending()).map(({ name }) => name),
    ['b.txt', 'c'],
  );
});

test('pending: an upload goes on with its file, which has to be given where it is needed', async (t) => {
  const { pending, glue } = await loaded(t, { pending: SHAPES });
  const [up] = await pending();
  for (const wrong of [undefined, null, 'C:\\file']) {
    assert.throws(() => up.resume(wrong), /^TypeError: resume\(\): the first argument must be the file picked again/);
  }
  assert.throws(() => up.resume(file, { pieceSize: 5 }), /upload\(\): there is no option "pieceSize"/);
  assert.equal(up.resume(file, { chunkSize: 5 }).progress.total, 3);
  await settled();
  const [verb, key, source, options] = verbs(glue).at(-1);
  assert.deepEqual([verb, key, source, options], ['startPending', 'up', file, { chunkSize: 5 }]);
});

test('pending: an upload whose handle is known goes on without its file, or with another', async (t) => {
  const { pending, glue } = await loaded(t, { pending: SHAPES });
  const [, held] = await pending();
  assert.throws(() => held.resume('C:\\file'), /the file picked again/);
  held.resume();
  await settled();
  assert.deepEqual([verbs(glue).at(-1)[2], verbs(glue).at(-1)[3]], [file, { handle: SHAPES[1].handle }]);
  const other = new Blob(['abd']);
  held.resume(other);
  await settled();
  assert.deepEqual([verbs(glue).at(-1)[2], verbs(glue).at(-1)[3]], [other, {}]);
});

test('pending: a download goes on, with the options of downloads', async (t) => {
  const { pending, glue } = await loaded(t, { pending: SHAPES });
  const [, , down] = await pending();
  assert.throws(() => down.resume(null, { chunkSize: 5 }), /download\(\): there is no option "chunkSize"/);
  assert.equal(down.resume(null, { to: 'blob' }).progress.total, 9);
  await settled();
  const [verb, key, source, options] = verbs(glue).at(-1);
  assert.deepEqual([verb, key, source, options], ['startPending', 'down', undefined, { to: 'blob' }]);
});

test('pending: in an entry for downloads alone they go on, too', async () => {
  const { init, pending } = shell([downloads]);
  await init();
  const glue = glues.at(-1);
  glue.answers.pending = [SHAPES[2]];
  const [down] = await pending();
  down.resume();
  await settled();
  assert.deepEqual(verbs(glue).at(-1).slice(0, 2), ['startPending', 'down']);
});

test('pending: what is forgotten is forgotten by its key', async (t) => {
  const { pending, glue } = await loaded(t, { pending: SHAPES });
  const [up] = await pending();
  await up.forget();
  assert.deepEqual(glue.told.at(-1), ['forgetPending', 'up']);
});
