import assert from 'node:assert/strict';
import test from 'node:test';
import { TransferError } from '../errors.js';
import { settled } from './stand-ins/globals.js';
import { RESULT, engine, made, running } from './stand-ins/transfer.js';

test('transfer: an abort ends it at once, with the reason as the cause', async () => {
  const { transfer, side, states, progress } = await running();
  const reason = new Error('the user left');
  transfer.abort(reason);
  assert.deepEqual([transfer.state, side.told], ['aborted', [['abort', reason]]]);
  await assert.rejects(
    transfer.done,
    ({ code, cause, retryable }) => code === 'aborted' && cause === reason && !retryable,
  );
  side.observer.onSettled(RESULT, undefined);
  assert.deepEqual([states, progress.length, transfer.state], [['aborted'], 1, 'aborted']);
});

test('transfer: aborted while the engine loads, it does not start, and another takes its place', async () => {
  const at = made();
  at.transfer.abort();
  await assert.rejects(at.transfer.done, { code: 'aborted' });
  at.load();
  await settled();
  assert.deepEqual([at.started, at.glue.told], [[], [['knock', 1], 'withdraw']]);
});

test('transfer: aborted while it waits to be admitted, it does not start when it is', async () => {
  const at = made();
  at.glue.admits = false;
  at.load();
  await settled();
  at.transfer.abort();
  at.glue.admission.admit();
  await settled();
  assert.deepEqual([at.started, at.glue.told], [[], [['knock', 1], 'withdraw']]);
});

test('transfer: a signal aborts it, with its reason', async () => {
  const controller = new AbortController();
  const { transfer, side } = await running({ signal: controller.signal });
  controller.abort('enough');
  assert.deepEqual(side.told, [['abort', 'enough']]);
  await assert.rejects(transfer.done, ({ code, cause }) => code === 'aborted' && cause === 'enough');
});

test('transfer: with a signal that is aborted already, the engine is not even loaded', async () => {
  let opened = 0;
  const open = async () => (opened += 1);
  const { transfer, states } = made({ signal: AbortSignal.abort('before'), open });
  assert.deepEqual([transfer.state, states, opened], ['aborted', ['aborted'], 0]);
  await assert.rejects(transfer.done, ({ cause }) => cause === 'before');
});

test('transfer: when it is over it lets go of the signal and of the engine', async () => {
  const { signal } = new AbortController();
  const listening = new Set();
  signal.addEventListener = (_, listener) => listening.add(listener);
  signal.removeEventListener = (_, listener) => listening.delete(listener);
  const at = made({ signal });
  const { onDeath } = at.live;
  at.live.onDeath = (mourn) => {
    listening.add(mourn);
    const takeBack = onDeath.call(at.live, mourn);
    return () => listening.delete(mourn) && takeBack();
  };
  at.load();
  await settled();
  assert.equal(listening.size, 2);
  at.side.observer.onSettled(RESULT, undefined);
  assert.equal(listening.size, 0);
});

test('transfer: an engine that can not be loaded fails it', async () => {
  const error = new TransferError('engine', 'The engine could not be loaded', { retryable: true });
  const { transfer, states } = made({ open: () => Promise.reject(error) });
  await assert.rejects(transfer.done, error);
  assert.deepEqual(states, ['failed']);
});

test('transfer: one that the engine does not start fails, and another takes its place', async () => {
  const error = new TypeError('no such option');
  const at = await running({
    start: () => {
      throw error;
    },
  });
  await assert.rejects(at.transfer.done, ({ code, cause }) => code === 'engine' && cause === error);
  assert.deepEqual(at.glue.told, [['knock', 1], 'withdraw']);
});

test('transfer: a failure that nobody awaits is no unhandled rejection', async (t) => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  made({ open: () => Promise.reject(new Error('no')) });
  await settled();
  await settled();
  assert.deepEqual(unhandled, []);
});

test('transfer: an engine that dies fails it, and what was known last is kept', async () => {
  const { transfer, side, glue, states } = await running();
  side.observer.onProgress({ state: 'transferring', total: 9, confirmed: 6 });
  glue.trap();
  await assert.rejects(transfer.done, ({ code, retryable }) => code === 'engine' && retryable);
  assert.deepEqual(states, ['transferring', 'failed']);
  assert.deepEqual(transfer.progress, { state: 'failed', total: 9, confirmed: 6 });
  transfer.pause();
  assert.deepEqual(side.told, []);
});

test('transfer: an engine that dies of being told something fails it', async () => {
  const { transfer, side, glue } = await running();
  side.pause = () => glue.trap();
  transfer.pause();
  assert.equal(transfer.state, 'failed');
  await assert.rejects(transfer.done, { code: 'engine' });
});

test('transfer: an engine that dies of the abort is a death, told once', async () => {
  const { transfer, side, glue, states } = await running();
  side.abort = () => glue.trap();
  transfer.abort();
  assert.deepEqual(states, ['failed']);
  await assert.rejects(transfer.done, { code: 'engine' });
});

test('transfer: an engine that dies of being asked for the last progress is a death, told once', async () => {
  for (const asked of ['progress', 'chunks', 'report']) {
    const { transfer, side, glue, states, progress } = await running();
    side[asked] = () => glue.trap();
    transfer.abort();
    assert.deepEqual([transfer.state, states, progress.length], ['failed', ['failed'], 1], asked);
    await assert.rejects(transfer.done, { code: 'engine' });
  }
});

test('transfer: when the engine dies while it waits outside, the next engine takes it in', async () => {
  const [first, second] = [engine(), engine()];
  first.glue.admits = false;
  const engines = [first.live, second.live];
  const at = made({ open: async () => engines.shift() });
  await settled();
  first.glue.trap();
  await settled();
  assert.deepEqual([at.started.length, at.transfer.state, second.glue.told], [1, 'queued', [['knock', 1]]]);
});

test('transfer: an engine that dies later is nothing to one that is over', async () => {
  const { transfer, side, glue, states } = await running();
  side.observer.onSettled(RESULT, undefined);
  glue.trap();
  assert.deepEqual([transfer.state, states], ['done', ['done']]);
  assert.equal(await transfer.done, RESULT);
});
