import assert from 'node:assert/strict';
import test from 'node:test';
import { TransferError } from '../errors.js';
import { Clock } from './stand-ins/clock.js';
import { settled } from './stand-ins/globals.js';
import { RESULT, made, running } from './stand-ins/transfer.js';

test('transfer: before the engine is there it is queued and tells what is known', () => {
  const { transfer, states } = made();
  assert.equal(transfer.state, 'queued');
  assert.deepEqual(transfer.progress, {
    state: 'queued',
    total: 9,
    hashed: 0,
    sent: 0,
    confirmed: 0,
    reused: 0,
    speed: 0,
    eta: null,
    waitingFor: null,
  });
  assert.deepEqual([transfer.chunks.length, transfer.report()], [0, {}]);
  assert.equal(String(transfer), '[object Transfer]');
  assert.deepEqual(states, []);
});

test('transfer: it starts when the engine admits it, and then tells what the engine knows', async () => {
  const at = made();
  at.glue.admits = false;
  at.load();
  await settled();
  assert.deepEqual([at.started.length, at.transfer.state], [0, 'queued']);
  at.glue.admission.admit();
  await settled();
  assert.equal(at.started.length, 1);
  assert.equal(at.transfer.progress, at.side.known.progress);
  assert.equal(at.transfer.chunks, at.side.known.chunks);
  assert.equal(at.transfer.report(), at.side.known.report);
});

test('transfer: states and progress come as the engine says them, a state only when it changes', async () => {
  const { transfer, side, states, progress } = await running();
  side.observer.onState('hashing');
  side.observer.onState('hashing');
  assert.equal(transfer.state, 'hashing');
  const told = { state: 'transferring', total: 9, confirmed: 3 };
  side.observer.onProgress(told);
  assert.deepEqual([transfer.state, states, progress], ['transferring', ['hashing', 'transferring'], [told]]);
});

test('transfer: done resolves with the result, and the last progress and state come once', async () => {
  const { transfer, side, states, progress } = await running();
  side.known.progress = { state: 'done', total: 9, confirmed: 9 };
  // The engine says the end in three ways.
  side.observer.onState('done');
  side.observer.onProgress(side.known.progress);
  assert.deepEqual([states, progress], [[], []], 'not before the outcome');
  side.observer.onSettled(RESULT, undefined);
  assert.equal(await transfer.done, RESULT);
  assert.deepEqual([states, progress], [['done'], [{ state: 'done', total: 9, confirmed: 9 }]]);
});

test('transfer: a failure rejects with what the engine reported', async () => {
  const { transfer, side, states } = await running();
  side.observer.onSettled(undefined, { code: 'server', message: 'Sending failed', status: 500, retryable: true });
  await assert.rejects(
    transfer.done,
    (error) => error instanceof TransferError && error.code === 'server' && error.status === 500,
  );
  assert.deepEqual(states, ['failed']);
});

test("transfer: what the page's own function threw is the cause", async () => {
  const thrown = new Error('of the page');
  const { transfer, side } = await running({ thrown: () => thrown });
  side.observer.onSettled(undefined, { code: 'rejected', message: '', reason: 'page', detail: 'of the page' });
  await assert.rejects(transfer.done, ({ cause }) => cause === thrown);
});

test('transfer: an abort that the engine reports is one', async () => {
  const { transfer, side } = await running();
  side.observer.onSettled(undefined, { code: 'aborted', message: '' });
  await assert.rejects(transfer.done, { code: 'aborted' });
  assert.equal(transfer.state, 'aborted');
});

test('transfer: what the engine knew last is kept after the end, and its handle is not asked again', async () => {
  const { transfer, side, states } = await running();
  const { chunks, report } = side.known;
  side.observer.onSettled(RESULT, undefined);
  side.known = { progress: {}, chunks: {}, report: {} };
  side.observer.onState('hashing');
  side.observer.onProgress({ state: 'hashing' });
  side.observer.onSettled(undefined, { code: 'server', message: '' });
  assert.deepEqual(transfer.progress, { state: 'done', total: 9, confirmed: 3 });
  assert.deepEqual([transfer.chunks, transfer.report()], [chunks, report]);
  for (const act of ['pause', 'resume', 'abort']) transfer[act]();
  assert.deepEqual([transfer.state, states, side.told], ['done', ['done'], []]);
  assert.equal(await transfer.done, RESULT);
});

test('transfer: paused before the engine is there, it starts and is paused at once', async () => {
  const at = made();
  at.transfer.pause();
  at.transfer.pause();
  assert.deepEqual([at.transfer.state, at.transfer.progress.state, at.states], ['paused', 'paused', ['paused']]);
  at.load();
  await settled();
  assert.deepEqual(at.side.told, ['pause']);
});

test('transfer: paused and resumed before the engine is there, it starts as if nothing had been', async () => {
  const at = made();
  at.transfer.resume();
  at.transfer.pause();
  at.transfer.resume();
  assert.deepEqual([at.transfer.state, at.states], ['queued', ['paused', 'queued']]);
  at.load();
  await settled();
  assert.deepEqual(at.side.told, []);
});

test('transfer: later the engine is told to pause and to go on, and says itself in which state it is', async () => {
  const { transfer, side, states } = await running();
  transfer.pause();
  transfer.resume();
  assert.deepEqual([side.told, states], [['pause', 'resume'], []]);
});

test('transfer: callbacks that throw show as errors of the page, and do not reach the engine', async (t) => {
  const clock = new Clock(t);
  const thrown = new Error('of the page');
  const fail = () => {
    throw thrown;
  };
  const { transfer, side } = await running({ onState: fail, onProgress: fail });
  side.observer.onProgress({ state: 'transferring', total: 9 });
  side.observer.onSettled(RESULT, undefined);
  assert.equal(await transfer.done, RESULT);
  assert.equal(clock.pending, 4, 'two states, two times progress');
  await assert.rejects(clock.pass(0), thrown);
});

test('transfer: a callback may end it', async () => {
  const at = await running({
    onState: (state) => {
      at.states.push(state);
      if (state === 'hashing') at.transfer.abort();
    },
  });
  at.side.observer.onProgress({ state: 'hashing', total: 9, confirmed: 0 });
  assert.deepEqual(at.states, ['hashing', 'aborted']);
  assert.deepEqual(
    at.progress.map(({ state }) => state),
    ['aborted'],
    'nothing comes after the end',
  );
  await assert.rejects(at.transfer.done, { code: 'aborted' });
});

test('transfer: iterating gives the latest progress and ends with the transfer, also with one that fails', async () => {
  const { transfer, side, glue } = await running();
  const seen = [];
  const iterated = (async () => {
    for await (const { state, confirmed } of transfer) seen.push([state, confirmed]);
  })();
  for (const confirmed of [1, 2]) {
    side.observer.onProgress({ state: 'transferring', total: 9, confirmed });
    await settled();
  }
  glue.trap();
  await iterated;
  assert.deepEqual(seen, [
    ['transferring', 1],
    ['transferring', 2],
    ['failed', 2],
  ]);
  for await (const { state } of transfer) seen.push(state);
  assert.equal(seen.at(-1), 'failed', 'who comes late sees the end');
});
