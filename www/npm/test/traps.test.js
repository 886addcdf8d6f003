import assert from 'node:assert/strict';
import test from 'node:test';
import { watchTraps } from '../traps.js';
import { module, wasm } from './stand-ins/wasm.js';

// A watched instance, the traps that were told of, and how deep in it each was told.
function instance(callBack = () => {}) {
  const traps = [];
  let depth = 0;
  const watched = watchTraps((error) => traps.push({ error, depth }));
  const call = () => {
    depth += 1;
    try {
      return callBack(exports);
    } finally {
      depth -= 1;
    }
  };
  const { exports } = new watched.Instance(module, { env: { call } });
  return { exports, traps, watched };
}

test('traps: calls that go well go through, with what they return', () => {
  let called = 0;
  const { exports, traps } = instance(() => (called += 1));
  assert.equal(exports.answer(), 42);
  exports.callOut();
  assert.equal(called, 1);
  assert.ok(exports.memory instanceof WebAssembly.Memory, 'what is no function is handed on as it is');
  assert.deepEqual(traps, []);
});

test('traps: a trap is told once, and does not throw at whoever called in', () => {
  const { exports, traps } = instance();
  const value = exports.trap();
  assert.equal(traps.length, 1);
  assert.ok(traps[0].error instanceof WebAssembly.RuntimeError);
  assert.equal(value | 0, 0, 'reads as 0');
  assert.deepEqual([...value], [], 'reads as no values');
});

test('traps: a dead instance is not entered again', () => {
  let called = 0;
  const { exports, traps } = instance(() => (called += 1));
  exports.trap();
  for (const name of ['trap', 'callOut', 'answer']) assert.deepEqual([...exports[name]()], [], name);
  assert.equal(called, 0);
  assert.equal(traps.length, 1);
});

test('traps: what an import throws through the instance ends it as a trap does', () => {
  const thrown = new Error('of an import');
  const { exports, traps } = instance(() => {
    throw thrown;
  });
  exports.callOut();
  assert.deepEqual(traps, [{ error: thrown, depth: 0 }]);
});

test('traps: a trap of a nested call unwinds all frames, and is told below none of them', () => {
  const { exports, traps } = instance((inner) => inner.trap());
  exports.callOut();
  assert.equal(traps.length, 1);
  assert.equal(traps[0].depth, 0);
});

test('traps: a trap of a nested call that an import swallows is told all the same', () => {
  const { exports, traps } = instance((inner) => {
    try {
      inner.trap();
    } catch {
      // As the glue does for imports that may throw.
    }
  });
  exports.callOut();
  assert.equal(traps.length, 1);
  assert.ok(traps[0].error instanceof WebAssembly.RuntimeError);
  assert.equal(traps[0].depth, 0);
});

test('traps: what an import makes of a nested trap does not hide it', () => {
  const { exports, traps } = instance((inner) => {
    try {
      inner.trap();
    } catch {
      throw new Error('another');
    }
  });
  exports.callOut();
  assert.equal(traps.length, 1);
  assert.ok(traps[0].error instanceof WebAssembly.RuntimeError);
});

test('traps: after a swallowed trap, further calls from below the dead frame throw until it is unwound', () => {
  const thrown = [];
  const { exports, traps } = instance((inner) => {
    for (const name of ['trap', 'answer']) {
      try {
        inner[name]();
      } catch (error) {
        thrown.push(error);
      }
    }
  });
  exports.callOut();
  assert.equal(thrown.length, 2);
  assert.equal(thrown[0], thrown[1]);
  assert.equal(thrown[0], traps[0].error);
});

test('traps: one instance that died does not end another', () => {
  const [dead, alive] = [instance(), instance()];
  dead.exports.trap();
  assert.equal(alive.exports.answer(), 42);
  assert.deepEqual(alive.traps, []);
});

test("traps: modules are the browser's own", async () => {
  const { watched } = instance();
  assert.equal(watched.Module, WebAssembly.Module);
  const digests = await watched.instantiate(wasm, { env: { call() {} } });
  assert.equal(digests.instance.exports.answer(), 42);
});
