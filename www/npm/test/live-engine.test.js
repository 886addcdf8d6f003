import assert from 'node:assert/strict';
import test from 'node:test';
import './stand-ins/generated.js';
import { setGlobal, settled } from './stand-ins/globals.js';
import { LockManager } from './stand-ins/locks.js';
import { module } from './stand-ins/wasm.js';

const { LiveEngine } = await import('../live-engine.js');
const { TransferError } = await import('../errors.js');

// An engine, and the glue behind it.
function started() {
  const engine = new LiveEngine(module, 'source');
  return { engine, glue: engine.call((glue) => glue) };
}

const isDeath = (error) => error instanceof TransferError && error.code === 'engine' && error.retryable;

test('engine: starts with the module, the source of its workers and who holds its locks', () => {
  const { engine, glue } = started();
  assert.equal(
    engine.call((it) => it.exports.answer()),
    42,
  );
  assert.equal(glue.workerSource, 'source');
  assert.equal(typeof glue.turns.requestLock, 'function');
  assert.equal(typeof glue.admission.admit, 'function');
  assert.equal(engine.dead, false);
});

test('engine: what a call returns or throws comes back, and an error is no death', () => {
  const { engine } = started();
  assert.equal(
    engine.call(() => 7),
    7,
  );
  const error = new Error('wrong');
  const failing = () => {
    throw error;
  };
  assert.throws(() => engine.call(failing), error);
  assert.equal(engine.dead, false);
  assert.equal(
    engine.call(() => 8),
    8,
  );
});

test('engine: a trap ends it, and every later call says so without entering it', () => {
  const { engine } = started();
  assert.throws(() => engine.call((glue) => glue.trap()), isDeath);
  assert.equal(engine.dead, true);
  let entered = false;
  assert.throws(() => engine.call(() => (entered = true)), isDeath);
  assert.equal(entered, false);
});

test('engine: its death tells what happened and what to do', () => {
  const { engine, glue } = started();
  const told = [];
  engine.onDeath((error) => told.push(error));
  glue.trap();
  assert.equal(told.length, 1);
  assert.match(told[0].message, /^The engine stopped \(RuntimeError: unreachable\)\. Start the transfer again/);
  assert.ok(told[0].cause instanceof WebAssembly.RuntimeError);
});

test('engine: when a call dies and throws something else on its way, the death is what is told', () => {
  const { engine } = started();
  const dying = (glue) => {
    glue.trap();
    throw new TypeError('nonsense read from a dead engine');
  };
  assert.throws(() => engine.call(dying), isDeath);
});

test('engine: who took back that it wants to hear of the death does not', () => {
  const { engine, glue } = started();
  const told = [];
  const takeBack = engine.onDeath(() => told.push('first'));
  engine.onDeath(() => told.push('second'));
  takeBack();
  glue.trap();
  assert.deepEqual(told, ['second']);
});

test('engine: an asked promise comes back as it settles', async () => {
  const { engine } = started();
  assert.equal(await engine.ask(async () => 'answer'), 'answer');
  const error = new Error('no');
  await assert.rejects(
    engine.ask(() => Promise.reject(error)),
    error,
  );
  assert.equal(engine.dead, false);
});

test('engine: what was asked rejects when the engine dies before it answers', async () => {
  const { engine, glue } = started();
  const asked = engine.ask(() => new Promise(() => {}));
  const later = assert.rejects(asked, isDeath);
  glue.trap();
  await later;
  await assert.rejects(
    engine.ask(async () => 'answer'),
    isDeath,
  );
});

test('engine: a call that dies at once rejects what was asked, and nothing else', async (t) => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const { engine } = started();
  await assert.rejects(
    engine.ask(async (glue) => glue.trap()),
    isDeath,
  );
  await settled();
  assert.deepEqual(unhandled, []);
});

test('engine: those that wait knock together and are admitted', async () => {
  const { engine, glue } = started();
  assert.deepEqual(await Promise.all([engine.admission(), engine.admission(), engine.admission()]), [true, true, true]);
  assert.deepEqual(glue.told, [['knock', 3]]);
  engine.withdraw();
  assert.deepEqual(glue.told.at(-1), 'withdraw');
});

test('engine: its death sends those away that wait, and those that come later', async () => {
  const { engine, glue } = started();
  glue.admits = false;
  const waits = engine.admission();
  await settled();
  glue.trap();
  assert.equal(await waits, false);
  assert.equal(await engine.admission(), false);
  engine.withdraw();
  assert.deepEqual(glue.told, [['knock', 1]], 'a dead engine is told nothing');
});

test('engine: an engine that dies before it hears the knock leaves nobody waiting', async () => {
  const { engine, glue } = started();
  const waits = engine.admission();
  glue.trap();
  assert.equal(await waits, false);
  await settled();
  assert.deepEqual(glue.told, []);
});

test('engine: it hears what comes of its locks, and its death gives them back', async (t) => {
  const locks = new LockManager();
  setGlobal(t, 'navigator', { locks });
  const { glue } = started();
  glue.turns.requestLock(5, 'file', false);
  await settled();
  assert.deepEqual(glue.told, [[5, 'granted', undefined]]);
  glue.trap();
  await settled();
  assert.deepEqual((await locks.query()).held, []);
});
