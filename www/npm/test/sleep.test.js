import assert from 'node:assert/strict';
import test from 'node:test';
import { nextTask, sleep, within } from '../sleep.js';
import { Clock } from './stand-ins/clock.js';
import { setGlobal, settled } from './stand-ins/globals.js';

test('sleep: lasts as long as it is told', async (t) => {
  const clock = new Clock(t);
  let over = false;
  sleep(200).then(() => (over = true));
  await clock.pass(199);
  assert.equal(over, false);
  await clock.pass(1);
  assert.equal(over, true);
});

test('within: what answers in time is handed on, and leaves no timer', async (t) => {
  const clock = new Clock(t);
  assert.equal(await within(1000, Promise.resolve('yes')), 'yes');
  await assert.rejects(within(1000, Promise.reject(new Error('no'))), /^Error: no$/);
  assert.equal(clock.pending, 0);
});

test('within: what does not answer in time is an error that says how long that was', async (t) => {
  const clock = new Clock(t);
  const late = assert.rejects(within(1000, new Promise(() => {})), /there was no answer in 1000 ms/);
  await clock.pass(1000);
  await late;
});

test('next task: runs once, not within the call and not among its promises', async () => {
  let runs = 0;
  await new Promise((resolve) => {
    nextTask(() => {
      runs += 1;
      resolve();
    });
    assert.equal(runs, 0);
    Promise.resolve().then(() => assert.equal(runs, 0));
  });
  await new Promise((resolve) => setTimeout(resolve, 120));
  assert.equal(runs, 1);
});

test('next task: does not wait for timers, which are held back in hidden tabs', async (t) => {
  const clock = new Clock(t);
  await new Promise((resolve) => nextTask(resolve));
  assert.equal(clock.pending, 0, 'and leaves none behind');
});

test('next task: comes by a timer where the page has replaced MessageChannel', async (t) => {
  for (const broken of [undefined, class {}]) {
    setGlobal(t, 'MessageChannel', broken);
    const clock = new Clock(t);
    let runs = 0;
    nextTask(() => (runs += 1));
    await settled();
    assert.equal(runs, 0);
    await clock.pass(100);
    assert.equal(runs, 1);
  }
});

test('next task: runs once, also where the message comes after the timer', async (t) => {
  const ports = [];
  class Late {
    port1 = { postMessage() {}, close() {} };
    port2 = {};

    constructor() {
      ports.push(this.port2);
    }
  }
  setGlobal(t, 'MessageChannel', Late);
  const clock = new Clock(t);
  let runs = 0;
  nextTask(() => (runs += 1));
  await clock.pass(100);
  ports[0].onmessage();
  assert.equal(runs, 1);
});
