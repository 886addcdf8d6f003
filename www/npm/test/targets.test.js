import assert from 'node:assert/strict';
import test from 'node:test';
import './stand-ins/generated.js';
import { engine } from './stand-ins/transfer.js';
import { settled } from './stand-ins/globals.js';

const { downloads } = await import('../downloads.js');

// The verb of an engine that is there; what the engine is told to start, and how it ends.
function verbs() {
  const { live } = engine();
  const at = { started: [] };
  const open = async () => ({
    ...live,
    admission: async () => true,
    withdraw() {},
    onDeath: () => () => {},
    call(use) {
      const start = (subject, options, observer) => {
        at.started.push({ subject, options });
        at.observer = observer;
        const progress = () => ({ state: 'done', total: 3, confirmed: 3 });
        return { progress, chunks: () => new Uint8Array(1), report: () => ({}), abort() {} };
      };
      return use({ startDownload: start, startPending: (key, _, ...rest) => start(key, ...rest) });
    },
  });
  const made = downloads({ open });
  return Object.assign(at, made.verbs, { resume: made.resume });
}

const FILE = new File(['abc'], 'private', { type: 'text/plain' });
const RESULT = { data: FILE, size: 3, verified: 'md5' };

// A handle that the user picked, and what was written to it.
function picked({ permission = 'granted', fails, slow = false } = {}) {
  const at = { written: [], ends: [], asked: 0 };
  const createWritable = async () =>
    new WritableStream({
      async write(bytes) {
        if (fails) throw fails;
        if (slow) await new Promise(() => {});
        at.written.push(...bytes);
      },
      close: () => void at.ends.push('closed'),
      abort: () => void at.ends.push('aborted'),
    });
  const ask = async ({ mode }) => {
    at.asked += 1;
    return mode === 'readwrite' ? permission : 'denied';
  };
  const methods = { queryPermission: ask, requestPermission: ask, createWritable };
  at.handle = Object.assign(Object.create({ [Symbol.toStringTag]: 'FileSystemFileHandle' }), { name: 'a.bin' }, methods);
  return at;
}

test('target: to a handle goes by way of a private file, and the bytes come when the engine is done', async () => {
  const at = verbs();
  const { handle, written, ends } = picked();
  const states = [];
  const transfer = at.download('https://host/a', { to: handle, onState: (state) => states.push(state) });
  await settled();
  assert.deepEqual(at.started[0].options, { to: 'file' });
  assert.deepEqual(written, []);
  at.observer.onState('done');
  at.observer.onSettled(RESULT, undefined);
  assert.equal(transfer.state, 'finishing');
  assert.equal(transfer.progress.state, 'finishing', 'the engine is done, the download is not');
  const result = await transfer.done;
  assert.deepEqual([result.data, result.verified, transfer.state], [handle, 'md5', 'done']);
  assert.deepEqual([written, ends, states], [[97, 98, 99], ['closed'], ['finishing', 'done']]);
});

test('target: permission is asked for within the call, and refused it fails before anything is fetched', async () => {
  const at = verbs();
  const { handle, asked, ...rest } = picked({ permission: 'denied' });
  const transfer = at.download('https://host/a', { to: handle });
  assert.equal(asked, 0);
  await assert.rejects(transfer.done, { code: 'unsupported' });
  assert.deepEqual([at.started, rest.written], [[], []]);
  const old = Object.assign(Object.create({ [Symbol.toStringTag]: 'FileSystemFileHandle' }), { name: 'a.bin' });
  await assert.rejects(at.download('https://host/a', { to: old }).done, { code: 'unsupported' });
});

test('target: a full disk is told as such', async () => {
  const at = verbs();
  const { handle } = picked({ fails: new DOMException('full', 'QuotaExceededError') });
  const transfer = at.download('https://host/a', { to: handle });
  await settled();
  at.observer.onSettled(RESULT, undefined);
  await assert.rejects(transfer.done, { code: 'quota' });
  assert.equal(transfer.state, 'failed');
});

test('target: aborted while it is copied, the copy is dropped', async () => {
  const at = verbs();
  const { handle, ends } = picked({ slow: true });
  const transfer = at.download('https://host/a', { to: handle });
  await settled();
  at.observer.onSettled(RESULT, undefined);
  await settled();
  transfer.abort('enough');
  await assert.rejects(transfer.done, { code: 'aborted', cause: 'enough' });
  assert.equal(transfer.state, 'aborted');
  assert.notEqual(ends[0], 'closed');
});

test('target: a stream is locked from the start, and hears of a failure', async () => {
  const at = verbs();
  const heard = [];
  const stream = new WritableStream({ abort: (reason) => void heard.push(reason) });
  const transfer = at.download('https://host/a', { to: stream });
  assert.equal(stream.locked, true);
  await settled();
  const [{ options }] = at.started;
  assert.equal(options.to, 'stream');
  assert.equal(typeof options.writer.write, 'function');
  at.observer.onSettled(undefined, { code: 'network', message: 'gone' });
  await assert.rejects(transfer.done, { code: 'network' });
  await settled();
  assert.equal(heard[0].code, 'network');
});

test('target: what no stream can be is refused at once', () => {
  const at = verbs();
  const locked = new WritableStream();
  locked.getWriter();
  assert.throws(() => at.download('https://host/a', { to: locked }), /^TypeError: .*"to" is locked/);
  const md5 = 'a'.repeat(32);
  assert.throws(() => at.download('https://host/a', { to: new WritableStream(), md5 }), /^TypeError: .*"md5"/);
  assert.throws(() => at.download('https://host/a', { to: 'disk' }), /^TypeError: .*"to" must be "buffer"/);
  const later = { key: 'k', options: { to: new WritableStream() }, total: 3 };
  assert.throws(() => at.resume(later), /^TypeError: resume\(\)/);
  assert.equal(at.started.length, 0);
});

test('stream(): takes the place of `to`, at once and once', async () => {
  const at = verbs();
  const transfer = at.download('https://host/a');
  const stream = transfer.stream();
  assert.throws(() => transfer.stream(), /^TypeError: stream\(\)/);
  await settled();
  const [{ options }] = at.started;
  options.writer.write(Uint8Array.of(1, 2));
  options.writer.close();
  at.observer.onSettled({ data: null, size: 2 }, undefined);
  assert.deepEqual(new Uint8Array(await new Response(stream).arrayBuffer()), Uint8Array.of(1, 2));
  assert.equal((await transfer.done).data, null);
  const begun = at.download('https://host/a');
  await settled();
  for (const wrong of [begun, at.download('/a', { to: 'buffer' }), at.download('/a', { md5: 'a'.repeat(32) })]) {
    assert.throws(() => wrong.stream(), /^TypeError: stream\(\)/);
    wrong.abort();
  }
  const found = at.resume({ key: 'k', options: {}, total: 3 });
  assert.throws(() => found.stream(), /^TypeError: stream\(\)/);
});

test('stream(): fails as the download does, and cancelled it aborts that', async () => {
  const at = verbs();
  const transfer = at.download('https://host/a');
  const reader = transfer.stream().getReader();
  await settled();
  at.observer.onSettled(undefined, { code: 'server', message: 'no' });
  await assert.rejects(reader.read(), { code: 'server' });
  const other = at.download('https://host/a');
  const stream = other.stream();
  await settled();
  await stream.cancel('enough');
  await assert.rejects(other.done, { code: 'aborted', cause: 'enough' });
});
