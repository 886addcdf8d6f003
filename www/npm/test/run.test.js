import assert from 'node:assert/strict';
import test from 'node:test';
import './stand-ins/generated.js';
import { glues } from './stand-ins/engine.js';
import { setGlobal, settled } from './stand-ins/globals.js';
import { wasm } from './stand-ins/wasm.js';
import { FakeWorker } from './stand-ins/worker.js';

// The module looks around once, when it first runs: each test runs it anew.
let runs = 0;
async function runScript(t, kinds, { inlined, src = 'https://host/lib/xuchuan.min.js' } = {}) {
  const tag = Object.assign(Object.create({ [Symbol.toStringTag]: 'HTMLScriptElement' }), { src });
  if (!globalThis.worker) setGlobal(t, 'document', { currentScript: tag });
  setGlobal(t, 'location', new URL('https://host/page'));
  setGlobal(t, 'inlined', inlined);
  setGlobal(t, 'script', function script() {});
  runs += 1;
  (await import(`../script/run.js?run=${runs}`)).runScript(kinds);
}

// A kind with one verb, whose engine is opened by it.
const kind = (verb) => (engine) => ({ kind: verb, verbs: { [verb]: engine.open }, resume() {} });

test('script: defines the global, which nobody changes', async (t) => {
  setGlobal(t, 'xuchuan', undefined);
  await runScript(t, [kind('upload')]);
  assert.deepEqual(Object.keys(xuchuan).sort(), ['TransferError', 'init', 'isSupported', 'pending', 'upload']);
  assert.ok(Object.isFrozen(xuchuan));
});

test('script: an element that is called xuchuan is no reason not to define it', async (t) => {
  setGlobal(t, 'xuchuan', { id: 'xuchuan' });
  await runScript(t, [kind('upload')]);
  assert.equal(typeof xuchuan.upload, 'function');
  assert.equal('id' in xuchuan, false);
});

test('script: a window that has the name of its workers is no worker', async (t) => {
  setGlobal(t, 'xuchuan', undefined);
  setGlobal(t, 'name', 'xuchuan-worker');
  await runScript(t, [kind('upload')]);
  assert.equal(typeof xuchuan.upload, 'function');
});

test('script: included twice, the first stays', async (t) => {
  setGlobal(t, 'xuchuan', undefined);
  await runScript(t, [kind('upload')]);
  const first = xuchuan;
  await runScript(t, [kind('upload')]);
  assert.equal(xuchuan, first);
});

test('script: one that can do something else adds its verbs, and pending lists what both know', async (t) => {
  const earlier = { isSupported: () => true, upload: () => 'earlier', pending: async () => ['an upload'] };
  setGlobal(t, 'xuchuan', earlier);
  const later = (engine) => ({ kind: 'download', verbs: { download: engine.open, upload() {} }, resume() {} });
  await runScript(t, [later], { inlined: Buffer.from(wasm).toString('base64') });
  assert.equal(xuchuan.upload, earlier.upload);
  await xuchuan.download();
  glues.at(-1).answers.pending = [{ key: 'down', kind: 'download', name: 'a download' }];
  const [upload, { name }, ...more] = await xuchuan.pending();
  assert.deepEqual([upload, name, more], ['an upload', 'a download', []]);
});

for (const [where, src, url] of [
  ['beside the script', 'https://cdn/lib/xuchuan.min.js', 'https://cdn/lib/xuchuan.wasm'],
  ['beside the page whose text the script is', '', 'https://host/xuchuan.wasm'],
]) {
  test(`script: the engine is fetched from ${where}, and has to be the one it was built with`, async (t) => {
    setGlobal(t, 'xuchuan', undefined);
    const asked = [];
    setGlobal(t, 'fetch', async (...args) => {
      asked.push(args);
      return new Response(wasm);
    });
    await runScript(t, [kind('upload')], { src });
    await xuchuan.init();
    assert.deepEqual(asked, [[url, { integrity: 'sha384-x' }]]);
  });
}

test('script: one that has the engine inside fetches nothing', async (t) => {
  setGlobal(t, 'xuchuan', undefined);
  setGlobal(t, 'fetch', () => assert.fail('fetched'));
  await runScript(t, [kind('upload')], { inlined: Buffer.from(wasm).toString('base64') });
  await xuchuan.init();
});

// The workers that the engine of a script starts, when none can start.
async function started(t, src) {
  const workers = [];
  class Worker extends FakeWorker {
    constructor(...args) {
      super((worker) => worker.fail('error', 'no'));
      workers.push(args);
    }
  }
  setGlobal(t, 'Worker', Worker);
  setGlobal(t, 'xuchuan', undefined);
  let engine;
  const opening = ({ open }) => ({
    kind: 'upload',
    verbs: { upload: async () => (engine = await open()) },
    resume() {},
  });
  await runScript(t, [opening], { inlined: Buffer.from(wasm).toString('base64'), src });
  await xuchuan.upload();
  const spawn = engine.call((glue) => glue.workerSource);
  await assert.rejects(spawn());
  return workers;
}

test('script: its workers run its own text, and where that is forbidden its file, by a name that tells', async (t) => {
  const [fromText, fromFile, ...more] = await started(t, 'https://host/lib/xuchuan.min.js');
  assert.deepEqual([fromFile, more], [['https://host/lib/xuchuan.min.js', { name: 'xuchuan-worker' }], []]);
  assert.deepEqual(fromText[1], { name: 'xuchuan-worker' });
  assert.equal(await (await fetch(fromText[0])).text(), '(function script() {})()');
});

test('script: a browser starts no worker from another origin, so that is not tried', async (t) => {
  for (const src of ['https://cdn/xuchuan.min.js', '']) assert.equal((await started(t, src)).length, 1);
});

test('script: in a worker of its own it serves, and defines nothing', async (t) => {
  setGlobal(t, 'xuchuan', undefined);
  setGlobal(t, 'worker', true);
  setGlobal(t, 'name', 'xuchuan-worker');
  setGlobal(t, 'onmessage', undefined);
  setGlobal(t, 'onmessageerror', undefined);
  await runScript(t, [kind('upload')]);
  await settled();
  assert.equal(globalThis.xuchuan, undefined);
  assert.equal(typeof globalThis.onmessage, 'function');
});

test('script: in a worker of the page it defines the global there', async (t) => {
  setGlobal(t, 'xuchuan', undefined);
  setGlobal(t, 'worker', true);
  setGlobal(t, 'name', 'of the page');
  await runScript(t, [kind('upload')]);
  assert.equal(typeof xuchuan.upload, 'function');
});
