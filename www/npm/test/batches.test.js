import assert from 'node:assert/strict';
import test from 'node:test';
import { Batches } from '../batches.js';
import { setGlobal, settled } from './stand-ins/globals.js';

// Has messages, which make tasks, wait until the test lets them come.
function holdTasks(t) {
  const tasks = [];
  setGlobal(
    t,
    'MessageChannel',
    class {
      port2 = {};
      port1 = { postMessage: () => tasks.push(() => this.port2.onmessage({})), close() {} };
    },
  );
  return tasks;
}

test('batches: a few callers go at once', async () => {
  const batches = new Batches();
  let joined = 0;
  for (let i = 0; i < 16; i += 1) batches.join().then(() => (joined += 1));
  // As many turns of the promises as an await takes, and no task.
  for (let i = 0; i < 10; i += 1) await null;
  assert.equal(joined, 16);
});

test('batches: of thousands in one go, each task lets sixteen through', async (t) => {
  const tasks = holdTasks(t);
  const batches = new Batches();
  let joined = 0;
  for (let i = 0; i < 1000; i += 1) batches.join().then(() => (joined += 1));
  for (let expected = 16; expected < 1000; expected += 16) {
    await settled();
    assert.equal(joined, expected);
    assert.equal(tasks.length, 1);
    tasks.shift()();
  }
  await settled();
  assert.equal(joined, 1000);
});

test('batches: callers go in the order in which they came', async () => {
  const batches = new Batches();
  const order = [];
  const all = Array.from({ length: 100 }, (_, i) => batches.join().then(() => order.push(i)));
  await Promise.all(all);
  assert.deepEqual(
    order,
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test('batches: who comes while others wait goes behind them', async () => {
  const batches = new Batches();
  const order = [];
  const first = Array.from({ length: 40 }, () => batches.join().then(() => order.push('first')));
  await first[16];
  const late = batches.join().then(() => order.push('late'));
  await Promise.all([...first, late]);
  assert.equal(order.at(-1), 'late');
  assert.equal(order.length, 41);
});

test('batches: after a pause callers go at once again', async () => {
  const batches = new Batches();
  await Promise.all(Array.from({ length: 50 }, () => batches.join()));
  await new Promise((resolve) => setTimeout(resolve, 20));
  let joined = 0;
  for (let i = 0; i < 16; i += 1) batches.join().then(() => (joined += 1));
  for (let i = 0; i < 10; i += 1) await null;
  assert.equal(joined, 16);
});
