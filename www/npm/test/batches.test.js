import assert from 'node:assert/strict';
import test from 'node:test';
import { Turnstile } from '../turnstile.js';

// The callers in batches, as the tasks bring them: a task ends where the next macrotask of this test runs.
async function batchesOf(callers, join) {
  let joined = 0;
  for (let i = 0; i < callers; i += 1) join().then(() => (joined += 1));
  const batches = [];
  for (let before = 0; before < callers;) {
    await new Promise((resolve) => setImmediate(resolve));
    if (joined > before) batches.push(joined - before);
    before = joined;
  }
  return batches;
}

test('batches: a few callers go at once', async () => {
  const batches = new Turnstile();
  let joined = 0;
  for (let i = 0; i < 16; i += 1) batches.pass().then(() => (joined += 1));
  // As many turns of the promises as an await takes, and no task.
  for (let i = 0; i < 10; i += 1) await null;
  assert.equal(joined, 16);
});

test('batches: of thousands in one go, no task lets more than sixteen through', async () => {
  const batches = new Turnstile();
  const sizes = await batchesOf(1000, () => batches.pass());
  assert.equal(
    sizes.reduce((sum, size) => sum + size),
    1000,
  );
  assert.ok(sizes.length >= 1000 / 32, `in ${sizes.length} tasks`);
  assert.equal(sizes[0], 16);
});

test('batches: callers go in the order in which they came', async () => {
  const batches = new Turnstile();
  const order = [];
  const all = Array.from({ length: 100 }, (_, i) => batches.pass().then(() => order.push(i)));
  await Promise.all(all);
  assert.deepEqual(
    order,
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test('batches: who comes while others wait goes behind them', async () => {
  const batches = new Turnstile();
  const order = [];
  const first = Array.from({ length: 40 }, () => batches.pass().then(() => order.push('first')));
  await first[16];
  const late = batches.pass().then(() => order.push('late'));
  await Promise.all([...first, late]);
  assert.equal(order.at(-1), 'late');
  assert.equal(order.length, 41);
});

test('batches: after a pause callers go at once again', async () => {
  const batches = new Turnstile();
  await batchesOf(50, () => batches.pass());
  await new Promise((resolve) => setTimeout(resolve, 20));
  let joined = 0;
  for (let i = 0; i < 16; i += 1) batches.pass().then(() => (joined += 1));
  for (let i = 0; i < 10; i += 1) await null;
  assert.equal(joined, 16);
});
