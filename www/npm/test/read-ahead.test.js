import assert from 'node:assert/strict';
import { test as unlimited } from 'node:test';
import { ReadAhead, readForOwner } from '../read-ahead.js';
import { setGlobal, settled } from './stand-ins/globals.js';

// A read that is never settled fails its test, instead of waiting for ever.
const test = (name, run) =>
  unlimited(name, { timeout: 20_000, skip: !isByteStream() && 'Node 18 reads blobs otherwise' }, run);

function isByteStream() {
  try {
    new Blob([]).stream().getReader({ mode: 'byob' });
    return true;
  } catch {
    return false;
  }
}

const MIB = 1 << 20;
const LARGE = 64 * MIB;

// Bytes of which each tells its place.
const content = Buffer.alloc(2 * LARGE + 12345);
for (let i = 0; i + 4 <= content.length; i += 4) content.writeUInt32LE(i, i);

// A thread that reads for its owner: a channel has the two ends, the worker's scope and the worker.
function thread(t) {
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  port2.onmessage = ({ data }) => readForOwner(port2, data);
  port1.terminate = () => port1.close();
  // An error of the thread, as its owner hears of it; tells whether that has handled it.
  port1.fail = () => {
    const event = new Event('error', { cancelable: true });
    port1.onerror(event);
    return event.defaultPrevented;
  };
  return port1;
}

// Reads with views of one MiB, as the engine does, `length` bytes or to the end.
async function read(reader, length = Infinity) {
  const parts = [];
  let left = length;
  let buffer = new ArrayBuffer(MIB);
  while (left > 0) {
    const { value } = await reader.read(new Uint8Array(buffer, 0, Math.min(MIB, left)));
    if (!value) break;
    assert.ok(value.length > 0 && value.length <= left && value.length <= MIB);
    left -= value.length;
    parts.push(Buffer.from(value));
    buffer = value.buffer;
  }
  return Buffer.concat(parts);
}

const isSame = (bytes, from, to) =>
  assert.ok(bytes.equals(content.subarray(from, to)), 'the bytes are those of the file');

test('read ahead: a file comes whole and in order', async (t) => {
  const files = new ReadAhead(() => thread(t));
  const size = LARGE + 12345;
  const reader = files.open(new Blob([content.subarray(0, size)]));
  const first = await read(reader, 1000);
  // The thread is ahead by as much as there are buffers.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const bytes = Buffer.concat([first, await read(reader, size - 1000)]);
  assert.equal(bytes.length, size);
  isSame(bytes, 0, size);
  await reader.cancel();
});

test('read ahead: at its end a file has no more bytes, however often it is asked', async (t) => {
  const size = LARGE + 12345;
  const reader = new ReadAhead(() => thread(t)).open(new Blob([content.subarray(0, size)]));
  isSame(await read(reader), 0, size);
  assert.deepEqual(await reader.read(new Uint8Array(MIB)), {});
});

test('read ahead: no read gives more than it has room for', async (t) => {
  const reader = new ReadAhead(() => thread(t)).open(new Blob([content]));
  const lengths = [];
  let at = 0;
  for (const length of [MIB, 10, 1, 1000]) {
    const { value } = await reader.read(new Uint8Array(new ArrayBuffer(MIB), 0, length));
    assert.ok(value.length <= length);
    isSame(Buffer.from(value), at, at + value.length);
    at += value.length;
    lengths.push(value.length);
  }
  await reader.cancel();
});

test('read ahead: files that are read at the same time share a thread and do not mix', async (t) => {
  let threads = 0;
  const files = new ReadAhead(() => {
    threads += 1;
    return thread(t);
  });
  const blobs = [new Blob([content.subarray(0, LARGE)]), new Blob([content.subarray(LARGE)])];
  const [first, second] = await Promise.all(blobs.map((blob) => read(files.open(blob), 8 * MIB)));
  isSame(first, 0, 8 * MIB);
  isSame(second, LARGE, LARGE + 8 * MIB);
  assert.equal(threads, 1);
});

test('read ahead: a small file starts no thread', () => {
  const files = new ReadAhead(() => assert.fail('started'));
  assert.throws(() => files.open(new Blob([content.subarray(0, LARGE - 1)])), /no thread for this file/);
});

test('read ahead: where no thread starts, the engine is told, and reads by itself', () => {
  const files = new ReadAhead(() => {
    throw new Error('forbidden by a policy');
  });
  assert.throws(() => files.open(new Blob([content])), /forbidden by a policy/);
});

test('read ahead: a thread that fails ends all reads, is handled, and is not started again', async (t) => {
  let threads = 0;
  let started;
  const files = new ReadAhead(() => {
    threads += 1;
    started = thread(t);
    return started;
  });
  const readers = [files.open(new Blob([content])), files.open(new Blob([content]))];
  // One waits for bytes, the other has not begun.
  const waiting = readers[0].read(new Uint8Array(MIB));
  assert.equal(started.fail(), true);
  assert.deepEqual(await waiting, {});
  assert.deepEqual(await readers[1].read(new Uint8Array(MIB)), {});
  assert.throws(() => files.open(new Blob([content])), /such threads end at once here/);
  assert.equal(threads, 1);
});

test('read ahead: after a thread that fails comes one of the next way, and then none', async (t) => {
  const started = [];
  const way = (name) => () => {
    started.push([name, thread(t)]);
    return started.at(-1)[1];
  };
  const files = new ReadAhead(way('module'), way('classic'));
  files.open(new Blob([content]));
  started[0][1].fail();
  const reader = files.open(new Blob([content]));
  isSame(await read(reader, MIB), 0, MIB);
  started[1][1].fail();
  assert.throws(() => files.open(new Blob([content])), /such threads end at once here/);
  assert.deepEqual(
    started.map(([name]) => name),
    ['module', 'classic'],
  );
});

test('read ahead: a cancelled file is read no further', async (t) => {
  const files = new ReadAhead(() => thread(t));
  const reader = files.open(new Blob([content]));
  await reader.read(new Uint8Array(MIB));
  await reader.cancel();
  const left = await read(reader);
  assert.ok(left.length < 8 * MIB, 'what was read ahead, and no more');
});

test('read ahead: the thread lets go of a cancelled file', async (t) => {
  let cancelled = 0;
  const reads = [];
  const reader = {
    read: (view) => new Promise((resolve) => reads.push(() => resolve({ value: view }))),
    async cancel() {
      cancelled += 1;
      throw new DOMException('gone', 'NotReadableError');
    },
  };
  const blob = { size: LARGE, stream: () => ({ getReader: () => reader }) };
  const answers = [];
  const scope = { postMessage: (message) => answers.push(message) };
  // An owner whose thread is this one.
  let buffers = 0;
  const far = {
    postMessage(message) {
      if (message.t === 'fill') buffers += 1;
      readForOwner(scope, { ...message, blob });
    },
  };
  const opened = new ReadAhead(() => far).open(new Blob([content]));
  opened.read(new Uint8Array(MIB));
  await settled();
  assert.deepEqual([reads.length, buffers], [1, 4], 'one read at a time, and room for more');
  await opened.cancel();
  assert.equal(cancelled, 1);
  reads[0]();
  opened.read(new Uint8Array(MIB));
  await settled();
  assert.equal(reads.length, 1, 'neither for the buffers that it has nor for another');
  assert.ok(answers.length <= 1);
});

test('read ahead: a cancelled read ends', async (t) => {
  const reader = new ReadAhead(() => Object.assign(thread(t), { postMessage() {} })).open(new Blob([content]));
  const waiting = reader.read(new Uint8Array(MIB));
  await settled();
  await reader.cancel();
  assert.deepEqual(await waiting, {});
});

test('read ahead: a file that can not be read any more ends early, for the engine to find out why', async (t) => {
  let reads = 0;
  const reader = {
    async read(view) {
      reads += 1;
      if (reads > 2) throw new DOMException('gone', 'NotReadableError');
      return { value: view.fill(7), done: false };
    },
    cancel: async () => {},
  };
  const scope = new MessageChannel();
  t.after(() => scope.port1.close());
  const answers = [];
  scope.port1.onmessage = ({ data }) => answers.push(data);
  const blob = { size: LARGE, stream: () => ({ getReader: () => reader }) };
  readForOwner(scope.port2, { t: 'read', id: 1, blob });
  for (let i = 0; i < 4; i += 1) readForOwner(scope.port2, { t: 'fill', id: 1, buffer: new ArrayBuffer(MIB) });
  while (answers.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(
    answers.map(({ bytes }) => bytes?.length ?? null),
    [MIB, MIB, null],
  );
  assert.equal(reads, 3, 'it is not asked again');
});

test('read ahead: messages of others are left to them, and what comes for a file that is gone does nothing', () => {
  const scope = { postMessage: () => assert.fail('answered') };
  for (const message of [null, undefined, 'text', { t: 'init' }, {}]) assert.equal(readForOwner(scope, message), false);
  assert.equal(readForOwner(scope, { t: 'fill', id: 99, buffer: new ArrayBuffer(1) }), true);
  assert.equal(readForOwner(scope, { t: 'leave', id: 99 }), true);
});
