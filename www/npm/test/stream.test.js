import assert from 'node:assert/strict';
import test from 'node:test';
import { pipe } from '../stream.js';
import { settled } from './stand-ins/globals.js';

const MIB = 1 << 20;

test('stream: what is written is read, in order, to its end', async () => {
  const { readable, writable } = pipe(assert.fail);
  const writer = writable.getWriter();
  for (const n of [1, 2, 3]) writer.write(Uint8Array.of(n));
  writer.close();
  const read = [];
  for await (const [n] of readable) read.push(n);
  assert.deepEqual(read, [1, 2, 3]);
});

test('stream: a writer is not ready before it is read', async () => {
  const { readable, writable } = pipe(assert.fail);
  const [writer, reader] = [writable.getWriter(), readable.getReader()];
  writer.write(new Uint8Array(2 * MIB));
  await settled();
  assert.equal(writer.desiredSize, 0);
  assert.equal((await reader.read()).value.length, 2 * MIB);
  await writer.ready;
  assert.equal(writer.desiredSize, 1);
});

test('stream: who reads hears why nothing more comes', async () => {
  const { readable, writable } = pipe(assert.fail);
  const writer = writable.getWriter();
  const reader = readable.getReader();
  const failure = new Error('cut off');
  await writer.abort(failure);
  await assert.rejects(reader.read(), failure);
});

test('stream: a reader that leaves ends the download, and the writer waits no more', async () => {
  const left = [];
  const { readable, writable } = pipe((reason) => left.push(reason));
  const [writer, reader] = [writable.getWriter(), readable.getReader()];
  const writing = writer.write(new Uint8Array(2 * MIB));
  await settled();
  await reader.cancel('enough');
  await writing;
  assert.deepEqual(left, ['enough']);
  // The transfer ends it then; there is nobody to tell.
  await writer.write(Uint8Array.of(1));
  await writer.abort(new Error('aborted'));
});
