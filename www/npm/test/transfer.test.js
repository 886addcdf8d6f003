import assert from 'node:assert/strict';
import test from 'node:test';
import './stand-ins/generated.js';
import { Clock } from './stand-ins/clock.js';
import { settled } from './stand-ins/globals.js';
import { module } from './stand-ins/wasm.js';

const { LiveEngine } = await import('../live-engine.js');
const { Transfer } = await import('../transfer.js');
const { TransferError } = await import('../errors.js');

const RESULT = { url: 'https://host/file' };

function engine() {
  const live = new LiveEngine(module, 'source');
  return { live, glue: live.call((glue) => glue) };
}

// The engine's side of a transfer: what it is told is noted, what it knows can be set.
class EngineTransfer {
  told = [];
  known = { progress: { state: 'transferring', total: 9, confirmed: 3 }, chunks: Uint8Array.of(3, 1), report: { kind: 'upload' } };

  constructor(observer) {
    this.observer = observer;
  }

  pause() {
    this.told.push('pause');
  }

  resume() {
    this.told.push('resume');
  }

  abort(reason) {
    this.told.push(['abort', reason]);
  }

  progress() {
    return this.known.progress;
  }

  chunks() {
    return this.known.chunks;
  }

  report() {
    return this.known.report;
  }
}

// A transfer of an engine that loads when `load` is called, and all that the page hears of it.
function made(options = {}) {
  const at = { states: [], progress: [], started: [], ...engine() };
  const opening = new Promise((resolve) => (at.load = (live = at.live) => resolve(live)));
  const start = (glue, observer) => {
    const side = new EngineTransfer(observer);
    at.started.push(side);
    at.side = side;
    return side;
  };
  at.transfer = new Transfer(options.open ?? (() => opening), options.start ?? start, {
    total: 9,
    onState: (state) => at.states.push(state),
    onProgress: (progress) => at.progress.push(progress),
    ...options,
  });
  return at;
}

// The same, when the engine has taken it in.
async function running(options) {
  const at = made(options);
  at.load();
  await settled();
  return at;
}

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
  await assert.rejects(transfer.done, (error) => error instanceof TransferError && error.code === 'server' && error.status === 500);
  assert.deepEqual(states, ['failed']);
});

test('transfer: what the page\'s own function threw is the cause', async () => {
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

test('transfer: an abort ends it at once, with the reason as the cause', async () => {
  const { transfer, side, states, progress } = await running();
  const reason = new Error('the user left');
  transfer.abort(reason);
  assert.deepEqual([transfer.state, side.told], ['aborted', [['abort', reason]]]);
  await assert.rejects(transfer.done, ({ code, cause, retryable }) => code === 'aborted' && cause === reason && !retryable);
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
  assert.deepEqual(at.progress.map(({ state }) => state), ['aborted'], 'nothing comes after the end');
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
  assert.deepEqual(seen, [['transferring', 1], ['transferring', 2], ['failed', 2]]);
  for await (const { state } of transfer) seen.push(state);
  assert.equal(seen.at(-1), 'failed', 'who comes late sees the end');
});
