import assert from 'node:assert/strict';
import test from 'node:test';
import { Turns, withoutOthers } from '../turns.js';
import { Clock } from './stand-ins/clock.js';
import { setGlobal, settled } from './stand-ins/globals.js';
import { LockManager } from './stand-ins/locks.js';

const NAME = 'xuchuan file';

// The channels that are open; they do not keep the tests from ending.
const open = new Set();

class Channel extends BroadcastChannel {
  constructor(name) {
    super(name);
    this.unref();
    open.add(this);
  }

  close() {
    super.close();
    open.delete(this);
  }
}

// The turns of one tab, whose events are noted; what they hold is given back when the test ends.
function tab(t) {
  setGlobal(t, 'BroadcastChannel', Channel);
  const heard = [];
  const turns = new Turns((...event) => heard.push(event.filter((part) => part !== undefined)));
  t.after(() => turns.releaseAll());
  return { turns, heard };
}

function setLocks(t, locks = new LockManager()) {
  setGlobal(t, 'navigator', { locks });
  return locks;
}

const held = async (locks) => (await locks.query()).held.map(({ name }) => name);
const pending = async (locks) => (await locks.query()).pending.map(({ name }) => name);

test('turns: a lock that nobody holds is granted, and held until it is released', async (t) => {
  const locks = setLocks(t);
  const { turns, heard } = tab(t);
  turns.requestLock(1, 'file', false);
  await settled();
  assert.deepEqual(heard, [[1, 'granted']]);
  assert.deepEqual(await held(locks), [NAME]);
  turns.release(1);
  await settled();
  assert.deepEqual(await held(locks), []);
  assert.deepEqual(heard, [[1, 'granted']], 'giving it back is no loss');
});

test('turns: of two that ask for the same file, the second is granted the lock when the first gives it back', async (t) => {
  setLocks(t);
  const [first, second] = [tab(t), tab(t)];
  first.turns.requestLock(1, 'file', false);
  second.turns.requestLock(7, 'file', false);
  second.turns.requestLock(8, 'another', false);
  await settled();
  assert.deepEqual([first.heard, second.heard], [[[1, 'granted']], [[8, 'granted']]]);
  first.turns.release(1);
  await settled();
  assert.deepEqual(second.heard, [
    [8, 'granted'],
    [7, 'granted'],
  ]);
});

test('turns: without locks in the browser the request is refused, with the reason', async (t) => {
  setGlobal(t, 'navigator', {});
  const { turns, heard } = tab(t);
  await turns.requestLock(1, 'file', false);
  const [[turn, kind, why]] = heard;
  assert.deepEqual([heard.length, turn, kind], [1, 1, 'refused']);
  assert.match(why, /^TypeError: .*request/);
});

test('turns: a browser that forbids locks refuses the request in its own words', async (t) => {
  const refusing = {
    async request() {
      throw new DOMException('not in this frame', 'SecurityError');
    },
  };
  setLocks(t, refusing);
  const { turns, heard } = tab(t);
  await turns.requestLock(1, 'file', false);
  assert.deepEqual(heard, [[1, 'refused', 'SecurityError: not in this frame']]);
});

test('turns: a lock that another tab takes away is lost', async (t) => {
  const locks = setLocks(t);
  const [first, second] = [tab(t), tab(t)];
  first.turns.requestLock(1, 'file', false);
  await settled();
  second.turns.requestLock(2, 'file', true);
  await settled();
  assert.deepEqual(
    [first.heard, second.heard],
    [
      [
        [1, 'granted'],
        [1, 'lost'],
      ],
      [[2, 'granted']],
    ],
  );
  first.turns.release(1);
  await settled();
  assert.deepEqual(await held(locks), [NAME], 'the other tab still has it');
});

test('turns: a lock that is granted after its turn was released goes back at once, and nobody hears of it', async (t) => {
  const locks = setLocks(t);
  const [first, second] = [tab(t), tab(t)];
  first.turns.requestLock(1, 'file', false);
  await settled();
  second.turns.requestLock(2, 'file', false);
  second.turns.release(2);
  first.turns.release(1);
  await settled();
  assert.deepEqual(second.heard, []);
  assert.deepEqual([await held(locks), await pending(locks)], [[], []]);
});

test('turns: a turn that has stolen the lock does not take it once more when its first request is granted', async (t) => {
  const locks = setLocks(t);
  const [first, second, third] = [tab(t), tab(t), tab(t)];
  first.turns.requestLock(1, 'file', false);
  await settled();
  second.turns.requestLock(2, 'file', false);
  second.turns.requestLock(2, 'file', true);
  await settled();
  assert.deepEqual(second.heard, [[2, 'granted']]);
  // Its lock is stolen in turn: now its first request comes next, and is not wanted any more.
  third.turns.requestLock(3, 'file', true);
  await settled();
  third.turns.release(3);
  await settled();
  assert.deepEqual(second.heard, [
    [2, 'granted'],
    [2, 'lost'],
  ]);
  assert.deepEqual([await held(locks), await pending(locks)], [[], []]);
});

test('turns: the browser is asked whether a file is locked', async (t) => {
  const locks = setLocks(t);
  const { turns, heard } = tab(t);
  turns.openChannel(1, 'file');
  await turns.queryLock(1, 'file');
  locks.request(NAME, {}, () => new Promise(() => {}));
  await settled();
  await turns.queryLock(1, 'file');
  await turns.queryLock(1, 'another');
  assert.deepEqual(heard, [
    [1, 'queried', false],
    [1, 'queried', true],
    [1, 'queried', false],
  ]);
});

test('turns: nothing is known of a lock where the browser does not say, or not within a second', async (t) => {
  const { turns, heard } = tab(t);
  turns.openChannel(1, 'file');
  setGlobal(t, 'navigator', {});
  await turns.queryLock(1, 'file');
  assert.deepEqual(heard, [[1, 'queried']]);
  setLocks(t, { query: () => new Promise(() => {}) });
  const clock = new Clock(t);
  turns.queryLock(1, 'file');
  await clock.pass(999);
  assert.equal(heard.length, 1);
  await clock.pass(1);
  assert.deepEqual(heard, [
    [1, 'queried'],
    [1, 'queried'],
  ]);
});

test('turns: what is heard after a turn was released is not told', async (t) => {
  setLocks(t);
  const { turns, heard } = tab(t);
  turns.openChannel(1, 'file');
  const asked = turns.queryLock(1, 'file');
  turns.release(1);
  await asked;
  assert.deepEqual(heard, []);
});

// Messages between channels take some turns of the event loop.
async function until(met) {
  for (let tries = 0; tries < 200 && !met(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('turns: a message goes to the other tabs with the same file, and to itself only for who asked for the echo', async (t) => {
  const [first, second, other] = [tab(t), tab(t), tab(t)];
  first.turns.openChannel(1, 'file');
  second.turns.openChannel(2, 'file');
  other.turns.openChannel(3, 'another');
  first.turns.post(1, { n: 1 });
  await until(() => second.heard.length === 1);
  assert.deepEqual([first.heard, second.heard, other.heard], [[], [[2, 'message', { n: 1 }]], []]);
  first.turns.echo(1, 'file');
  first.turns.post(1, { n: 2 });
  await until(() => first.heard.length === 1 && second.heard.length === 2);
  assert.deepEqual(first.heard, [[1, 'echo']]);
  assert.deepEqual(second.heard.at(-1), [2, 'message', { n: 2 }]);
});

test('turns: a released turn hears no more messages, and its channels are closed', async (t) => {
  const [first, second, third] = [tab(t), tab(t), tab(t)];
  for (const [turn, { turns }] of [
    [1, first],
    [2, second],
    [3, third],
  ])
    turns.openChannel(turn, 'file');
  second.turns.echo(2, 'file');
  assert.equal(open.size, 4);
  second.turns.release(2);
  assert.equal(open.size, 2);
  first.turns.post(1, 'hello');
  await until(() => third.heard.length === 1);
  assert.deepEqual([second.heard, third.heard], [[], [[3, 'message', 'hello']]]);
});

test('turns: a message that can not be sent, and a browser without channels, are no failure', async (t) => {
  const { turns } = tab(t);
  turns.openChannel(1, 'file');
  turns.post(1, () => 'a function can not be cloned');
  setGlobal(t, 'BroadcastChannel', undefined);
  turns.openChannel(2, 'file');
  turns.echo(2, 'file');
  turns.post(2, 'hello');
  turns.post(3, 'a turn that has opened none');
});

test('turns: when the engine has died, every lock and channel is given back', async (t) => {
  const locks = setLocks(t);
  const { turns, heard } = tab(t);
  turns.requestLock(1, 'file', false);
  turns.requestLock(2, 'another', false);
  turns.requestLock(3, 'file', false);
  turns.openChannel(1, 'file');
  await settled();
  assert.deepEqual([(await held(locks)).length, open.size], [2, 1]);
  turns.releaseAll();
  await settled();
  assert.equal(open.size, 0);
  assert.deepEqual([await held(locks), await pending(locks)], [[], []]);
  assert.deepEqual(heard, [
    [1, 'granted'],
    [2, 'granted'],
  ]);
});

test('pending uploads: those that another tab is at are left out', async (t) => {
  const locks = setLocks(t);
  const clock = new Clock(t);
  locks.request(NAME, {}, () => new Promise(() => {}));
  const found = withoutOthers([{ key: 'file' }, { key: 'another' }]);
  await clock.pass(200);
  assert.deepEqual(await found, [{ key: 'another' }]);
});

test('pending uploads: the locks of the page before a reload are given back soon, and hide none', async (t) => {
  const locks = setLocks(t);
  const clock = new Clock(t);
  let giveBack;
  locks.request(NAME, {}, () => new Promise((resolve) => (giveBack = resolve)));
  const found = withoutOthers([{ key: 'file' }]);
  await clock.pass(100);
  giveBack();
  await clock.pass(100);
  assert.deepEqual(await found, [{ key: 'file' }]);
});

test('pending uploads: nothing is waited for where none is locked, and none is hidden where the browser does not say', async (t) => {
  const clock = new Clock(t);
  setLocks(t);
  assert.deepEqual(await withoutOthers([{ key: 'file' }]), [{ key: 'file' }]);
  setGlobal(t, 'navigator', {});
  assert.deepEqual(await withoutOthers([{ key: 'file' }]), [{ key: 'file' }]);
  assert.equal(clock.pending, 0);
});
