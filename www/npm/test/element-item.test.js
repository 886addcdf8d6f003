import assert from 'node:assert/strict';
import test from 'node:test';
import { UploadItem } from '../element/item.js';
import { settled } from './stand-ins/globals.js';

// A transfer that does what a test says.
class Moves {
  state = 'queued';
  progress = { confirmed: 0, hashed: 0 };
  calls = [];
  done = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
  pause = () => this.calls.push('pause');
  resume = () => this.calls.push('resume');
  abort = () => this.calls.push('abort');
}

const error = (code) => Object.assign(new Error(code), { code });

function made(facts = {}) {
  const transfers = [];
  const heard = [];
  const begin = () => {
    transfers.push(new Moves());
    return transfers.at(-1);
  };
  const item = new UploadItem({ name: 'a', size: 100, source: 'file', ...facts }, begin, (_, what) => heard.push(what));
  return { item, transfers, heard };
}

test('item: from its choice to its URL', async () => {
  const { item, transfers, heard } = made();
  assert.deepEqual([item.phase, item.state, item.url, item.confirmed, item.progress], ['chosen', 'chosen', '', 0, undefined]);
  item.start();
  const [transfer] = transfers;
  assert.deepEqual([item.phase, item.state], ['moving', 'queued']);
  transfer.state = 'transferring';
  transfer.progress = { confirmed: 40 };
  assert.deepEqual([item.phase, item.state, item.confirmed], ['moving', 'transferring', 40]);
  item.pause();
  transfer.state = 'paused';
  assert.deepEqual([item.phase, item.state], ['paused', 'paused']);
  item.resume();
  assert.deepEqual(transfer.calls, ['pause', 'resume']);
  // Its last state comes before its outcome: until that is here it is not said to be done.
  transfer.state = 'done';
  assert.equal(item.phase, 'moving');
  transfer.resolve({ url: '/a' });
  await settled();
  assert.deepEqual([item.phase, item.url, item.confirmed, item.needsFile], ['done', '/a', 100, false]);
  assert.deepEqual(heard, ['state', 'done']);
});

test('item: fails, and is tried again with the same file', async () => {
  const { item, transfers, heard } = made();
  item.start();
  transfers[0].reject(error('network'));
  await settled();
  assert.deepEqual([item.phase, item.error.code, item.needsFile], ['failed', 'network', false]);
  item.start();
  assert.deepEqual([item.phase, item.error, item.source], ['moving', null, 'file']);
  assert.deepEqual(heard, ['state', 'error', 'state']);
});

test('item: wrong options are a failure, not an exception in a click', () => {
  const item = new UploadItem(
    { name: 'a', size: 1 },
    () => {
      throw new TypeError('there is no option "chunksize"');
    },
    () => {},
  );
  item.start();
  assert.equal(item.phase, 'failed');
  assert.match(item.error.message, /chunksize/);
});

test('item: what an earlier visit left waits for its file, and for another one if that was the wrong one', async () => {
  const { item, transfers } = made({ source: undefined, pending: { needsFile: true, done: 30 } });
  assert.deepEqual([item.phase, item.needsFile, item.confirmed], ['unfinished', true, 30]);
  item.start('wrong');
  assert.deepEqual([item.phase, item.needsFile], ['moving', false]);
  transfers[0].reject(error('file-changed'));
  await settled();
  assert.deepEqual([item.phase, item.needsFile], ['failed', true]);
  item.start('right');
  transfers[1].resolve({ url: '/a' });
  await settled();
  assert.deepEqual([item.phase, item.source], ['done', 'right']);
});

test('item: of a transfer that was ended or replaced nothing is heard any more', async () => {
  const { item, transfers, heard } = made();
  item.start();
  item.abort();
  assert.deepEqual(transfers[0].calls, ['abort']);
  transfers[0].reject(error('aborted'));
  await settled();
  assert.deepEqual([item.phase, heard], ['chosen', ['state']]);
});
