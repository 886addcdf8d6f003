import assert from 'node:assert/strict';
import test from 'node:test';
import { Feed } from '../feed.js';
import { settled } from './stand-ins/globals.js';

// Reads a feed to its end, into an array that grows meanwhile.
function read(feed) {
  const values = [];
  const ended = (async () => {
    for await (const value of feed) values.push(value);
  })();
  return { values, ended };
}

test('feed: each reader gets each value that it is in time for, and the end', async () => {
  const feed = new Feed();
  const readers = [read(feed), read(feed)];
  for (const value of [1, 2, 3]) {
    feed.push(value);
    await settled();
  }
  feed.end();
  for (const { values, ended } of readers) {
    await ended;
    assert.deepEqual(values, [1, 2, 3]);
  }
});

test('feed: who is slow misses values and gets the latest', async () => {
  const feed = new Feed();
  const { values, ended } = read(feed);
  await settled();
  for (let value = 1; value <= 1000; value += 1) feed.push(value);
  await settled();
  assert.deepEqual(values, [1000]);
  feed.push(1001);
  feed.end();
  await ended;
  assert.deepEqual(values, [1000, 1001], 'the last value comes before the end');
});

test('feed: a reader that comes late gets the value there is, also after the end', async () => {
  const feed = new Feed();
  feed.push('a');
  feed.push('b');
  const early = read(feed);
  await settled();
  assert.deepEqual(early.values, ['b']);
  feed.end();
  const late = read(feed);
  await Promise.all([early.ended, late.ended]);
  assert.deepEqual([early.values, late.values], [['b'], ['b']]);
});

test('feed: one that never had a value ends without one', async () => {
  const feed = new Feed();
  const { values, ended } = read(feed);
  await settled();
  feed.end();
  await ended;
  assert.deepEqual(values, []);
});

test('feed: a value that is undefined, or the same again, is a value', async () => {
  const feed = new Feed();
  const { values, ended } = read(feed);
  for (const value of [undefined, 7, 7]) {
    feed.push(value);
    await settled();
  }
  feed.end();
  await ended;
  assert.deepEqual(values, [undefined, 7, 7]);
});

test('feed: a reader may stop early without ending it for others', async () => {
  const feed = new Feed();
  feed.push(1);
  for await (const value of feed) {
    assert.equal(value, 1);
    break;
  }
  const { values, ended } = read(feed);
  await settled();
  feed.push(2);
  feed.end();
  await ended;
  assert.deepEqual(values, [1, 2]);
});
