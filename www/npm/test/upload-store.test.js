import assert from 'node:assert/strict';
import test from 'node:test';
import { createStore } from '../upload-store.js';
import { settled } from './stand-ins/globals.js';

// `upload` as far as the store uses it; each transfer does what a test says.
function engine() {
  const transfers = [];
  const upload = (source, options) => {
    const transfer = { source, options, state: 'queued', progress: { confirmed: 0 } };
    transfer.done = new Promise((resolve, reject) => Object.assign(transfer, { resolve, reject }));
    transfer.abort = (reason) => {
      if (['done', 'aborted'].includes(transfer.state)) return;
      transfer.state = 'aborted';
      transfer.reject(Object.assign(new Error('aborted'), { code: 'aborted', reason }));
      options.onState('aborted');
    };
    transfer.pause = () => options.onState((transfer.state = 'paused'));
    transfer.resume = () => options.onState((transfer.state = 'transferring'));
    transfers.push(transfer);
    return transfer;
  };
  return { transfers, upload };
}

test('store: follows an upload to its end, with a new snapshot for each change', async () => {
  const { transfers, upload } = engine();
  const heard = [];
  const store = createStore(upload, () => ({ endpoint: '/u', onState: (state) => heard.push(state) }));
  const snapshots = [store.get()];
  store.subscribe(() => snapshots.push(store.get()));
  assert.equal(store.get().state, 'idle');
  assert.equal(store.actions.upload('file', { chunkSize: 1 }), transfers[0]);
  const { endpoint, chunkSize } = transfers[0].options;
  assert.deepEqual([endpoint, chunkSize], ['/u', 1]);
  transfers[0].options.onProgress({ confirmed: 5, state: 'transferring' });
  assert.equal(store.get().progress.confirmed, 5);
  store.actions.pause();
  assert.equal(store.get().state, 'paused');
  store.actions.resume();
  transfers[0].state = 'done';
  transfers[0].resolve({ url: '/x' });
  await settled();
  const { state, result, error, transfer } = store.get();
  assert.deepEqual([state, result, error, transfer], ['done', { url: '/x' }, null, transfers[0]]);
  assert.equal(new Set(snapshots).size, snapshots.length);
  assert.deepEqual(heard, ['paused', 'transferring']);
});

test('store: a second upload takes the place of the first, which is ended and not heard of again', async () => {
  const { transfers, upload } = engine();
  const store = createStore(upload, () => undefined);
  store.actions.upload('one');
  store.actions.upload('two');
  assert.equal(transfers[0].state, 'aborted');
  transfers[0].options.onProgress({ confirmed: 9 });
  await settled();
  assert.deepEqual([store.get().transfer, store.get().error, store.get().progress.confirmed], [transfers[1], null, 0]);
});

test('store: wrong options are thrown, and what is under way goes on', () => {
  const { transfers, upload } = engine();
  const store = createStore((source, options) => {
    if (options.wrong) throw new TypeError('there is no option "wrong"');
    return upload(source, options);
  }, () => ({}));
  store.actions.upload('one');
  assert.throws(() => store.actions.upload('two', { wrong: 1 }), TypeError);
  assert.deepEqual([transfers[0].state, store.get().transfer], ['queued', transfers[0]]);
});

test('store: a callback of an upload that ends while it begins', () => {
  const store = createStore((_, { onState }) => {
    // As with a signal that is aborted already.
    onState('aborted');
    return { state: 'aborted', progress: {}, done: Promise.reject(new Error('aborted')), abort() {} };
  }, () => ({}));
  store.actions.upload('file');
  assert.equal(store.get().state, 'aborted');
});

test('store: reset ends and forgets, abort ends and tells, leaving ends unless it was to be outlived', async () => {
  const { transfers, upload } = engine();
  let options = {};
  const store = createStore(upload, () => options);
  store.actions.reset();
  store.actions.upload('one');
  store.actions.reset();
  await settled();
  assert.deepEqual([transfers[0].state, store.get().state, store.get().error], ['aborted', 'idle', null]);
  store.actions.upload('two');
  store.actions.abort('enough');
  await settled();
  assert.deepEqual([store.get().state, store.get().error.reason], ['aborted', 'enough']);
  store.actions.upload('three');
  options = { keepAlive: true };
  store.leave();
  assert.equal(transfers[2].state, 'queued');
  options = undefined;
  store.leave();
  assert.equal(transfers[2].state, 'aborted');
  assert.equal('keepAlive' in transfers[2].options, false);
});
