import assert from 'node:assert/strict';
import test from 'node:test';
import './stand-ins/generated.js';
import { setGlobal } from './stand-ins/globals.js';
import { startSite } from './stand-ins/site.js';
import { wasm } from './stand-ins/wasm.js';

const { inside, packaged } = await import('../packaged.js');

const inlined = { wasmBase64: Buffer.from(wasm).toString('base64'), workerSource: 'inside()' };

// Notes what workers are started from: an address, or a text.
function watchWorkers(t) {
  const started = [];
  setGlobal(
    t,
    'Worker',
    class {
      constructor(url) {
        started.push(url);
      }
    },
  );
  return async () => Promise.all(started.map(async (url) => (url.startsWith('blob:') ? (await fetch(url)).text() : url)));
}

// An entry whose files are at `site`; how often its module was loaded.
function entry(site) {
  const made = {
    loaded: 0,
    assets: packaged({
      wasm: () => new URL('xuchuan.wasm', site),
      worker: () => new URL('worker.js', site),
      inlined: async () => {
        made.loaded += 1;
        return inlined;
      },
    }),
  };
  return made;
}

test('entry: its files are where it says, and what it has inside is not loaded for them', async (t) => {
  const started = watchWorkers(t);
  const site = await startSite(t, (_, response) => response.end('fetched()'));
  const { assets, ...rest } = entry(site);
  assert.equal(String(assets.wasm()), `${site}/xuchuan.wasm`);
  for (const way of assets.workers) await way();
  assert.deepEqual(await started(), [`${site}/worker.js`, 'fetched()']);
  assert.equal(rest.loaded, 0);
});

const ANSWERS = {
  'is not there': (_, response) => response.writeHead(404).end('gone()'),
  'is a page, as for any unknown path': (_, response) => response.end('\n<!doctype html>'),
  'can not be fetched': (request) => request.socket.destroy(),
};
for (const [what, answer] of Object.entries(ANSWERS)) {
  test(`entry: where its worker's file ${what}, the text inside is used`, async (t) => {
    const started = watchWorkers(t);
    await entry(await startSite(t, answer)).assets.workers[1]();
    assert.deepEqual(await started(), ['inside()']);
  });
}

test('entry: where no address can be made, as in a script of one file, the engine and the text inside are used', async (t) => {
  const started = watchWorkers(t);
  const made = entry(undefined);
  assert.throws(() => made.assets.wasm(), TypeError);
  assert.throws(() => made.assets.workers[0](), TypeError);
  assert.deepEqual(new Uint8Array(await made.assets.instead()), wasm);
  await made.assets.workers[1]();
  assert.deepEqual(await started(), ['inside()']);
});

test('entry: one that has everything inside fetches nothing', async (t) => {
  const started = watchWorkers(t);
  const { fetch } = globalThis;
  setGlobal(t, 'fetch', () => assert.fail('fetched'));
  const assets = inside(inlined);
  assert.deepEqual(new Uint8Array(assets.wasm()), wasm);
  for (const way of assets.workers) way();
  setGlobal(t, 'fetch', fetch);
  assert.deepEqual(await started(), ['inside()']);
});
