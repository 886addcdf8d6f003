import assert from 'node:assert/strict';
import test from 'node:test';
import { Admission } from '../admission.js';
import { settled } from './stand-ins/globals.js';

// One whose knocks are noted.
function noted() {
  const knocks = [];
  return { knocks, admission: new Admission((count) => knocks.push(count)) };
}

test('admission: those that come in one go are one knock', async () => {
  const { knocks, admission } = noted();
  for (let i = 0; i < 10_000; i += 1) admission.wait();
  assert.deepEqual(knocks, [], 'not within the call');
  await settled();
  assert.deepEqual(knocks, [10_000]);
  admission.wait();
  admission.wait();
  await settled();
  assert.deepEqual(knocks, [10_000, 2]);
});

test('admission: who has waited longest is admitted first', async () => {
  const { admission } = noted();
  const order = [];
  for (const name of ['a', 'b', 'c']) admission.wait().then((admitted) => order.push([name, admitted]));
  admission.admit();
  await settled();
  assert.deepEqual(order, [['a', true]]);
  admission.wait().then((admitted) => order.push(['d', admitted]));
  for (let i = 0; i < 3; i += 1) admission.admit();
  await settled();
  assert.deepEqual(
    order,
    ['a', 'b', 'c', 'd'].map((name) => [name, true]),
  );
});

test('admission: who comes after all were admitted waits for the next', async () => {
  const { admission } = noted();
  admission.wait();
  admission.admit();
  let admitted = false;
  admission.wait().then(() => (admitted = true));
  await settled();
  assert.equal(admitted, false);
  admission.admit();
  await settled();
  assert.equal(admitted, true);
});

test("admission: admitting when nobody waits takes nobody's place", async () => {
  const { admission } = noted();
  admission.admit();
  const waits = admission.wait();
  admission.admit();
  assert.equal(await waits, true);
});

test('admission: when the engine has died, all that wait are sent away, and none that was admitted', async () => {
  const { admission } = noted();
  const waiting = [admission.wait(), admission.wait(), admission.wait()];
  admission.admit();
  admission.close();
  assert.deepEqual(await Promise.all(waiting), [true, false, false]);
});
