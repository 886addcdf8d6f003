import assert from 'node:assert/strict';
import test from 'node:test';
import './stand-ins/generated.js';
import { version } from './stand-ins/engine.js';
import { setGlobal } from './stand-ins/globals.js';
import { module, unlinkable, wasm } from './stand-ins/wasm.js';
import { serving } from './stand-ins/worker.js';

const { Loader } = await import('../loader.js');
const { TransferError } = await import('../errors.js');

// Where an engine is, with how often that was asked.
function assets(more = {}) {
  const made = {
    asked: 0,
    wasm() {
      made.asked += 1;
      return wasm;
    },
    workers: [() => serving(version)],
    ...more,
  };
  return made;
}

// What the page is told to do if it has not said itself where the engine is.
const CURE = '. Say where it is by init({ wasm }), or take the entry or script that has it inside ("inline")';

const isUnloaded = (words) => (error) => {
  assert.ok(error instanceof TransferError);
  assert.deepEqual([error.code, error.retryable], ['engine', true]);
  assert.equal(error.message, `The engine could not be loaded: ${words}`);
  return true;
};

test('loader: nothing is loaded before the engine is wanted', async () => {
  const given = assets();
  const loader = new Loader(given);
  loader.configure({});
  await null;
  assert.equal(given.asked, 0);
  await loader.engine();
  assert.equal(given.asked, 1);
});

test('loader: all that want the engine share one', async () => {
  const given = assets();
  const loader = new Loader(given);
  const [first, second] = await Promise.all([loader.engine(), loader.engine()]);
  assert.equal(first, second);
  assert.equal(await loader.engine(), first);
  assert.equal(given.asked, 1);
  assert.equal(
    first.call((glue) => glue.exports.answer()),
    42,
  );
});

test('loader: an engine that died is followed by a fresh one of the same module', async () => {
  const given = assets();
  const loader = new Loader(given);
  const first = await loader.engine();
  assert.throws(() => first.call((glue) => glue.trap()));
  const [second, third] = await Promise.all([loader.engine(), loader.engine()]);
  assert.notEqual(second, first);
  assert.equal(third, second);
  assert.equal(second.dead, false);
  assert.equal(given.asked, 1);
});

test('loader: the page may say where the engine is, until it is loading', async () => {
  const given = assets();
  const loader = new Loader(given);
  loader.configure({ wasm: new Uint8Array([1]) });
  loader.configure({ wasm: module });
  loader.configure({ worker: () => serving(version) });
  const loading = loader.engine();
  loader.configure({ wasm: new Uint8Array([2]) });
  assert.equal((await loading).dead, false);
  assert.equal(given.asked, 0);
});

test('loader: what the page says while the engine loads counts for nothing, also if that fails', async () => {
  const loader = new Loader(assets({ wasm: () => new Uint8Array([1, 2]) }));
  const loading = loader.engine();
  loader.configure({ wasm: module });
  await assert.rejects(loading);
  await assert.rejects(loader.engine(), ({ cause }) => cause instanceof WebAssembly.CompileError);
});

test('loader: where the engine is and how its workers start may be said one after the other', async () => {
  const own = serving(version);
  const loader = new Loader(assets());
  loader.configure({ worker: () => own });
  loader.configure({ wasm: module });
  assert.equal(await (await loader.engine()).call((glue) => glue.workerSource)(), own);
});

test('loader: what went wrong is told without the secrets of its URL', async () => {
  const failing = () => {
    throw new Error('no access to https://user:hunter2@host/a.wasm?key=hunter2');
  };
  await assert.rejects(new Loader(assets({ wasm: failing })).engine(), isUnloaded(`no access to https://host/a.wasm${CURE}`));
});

test("loader: the page's way to start a worker goes before the package's", async () => {
  const [own, packaged] = [serving(version), serving(version)];
  const loader = new Loader(assets({ workers: [() => packaged] }));
  loader.configure({ worker: () => own });
  const spawn = (await loader.engine()).call((glue) => glue.workerSource);
  assert.equal(await spawn(), own);
  assert.deepEqual(own.told[0].t, 'init');
  const without = new Loader(assets({ workers: [() => packaged] }));
  assert.equal(await (await without.engine()).call((glue) => glue.workerSource)(), packaged);
});

test('loader: what could not be loaded is told, and tried again by the next call', async () => {
  let found = false;
  const loader = new Loader(assets({ wasm: () => (found ? module : new Uint8Array([1, 2])) }));
  const failures = await Promise.allSettled([loader.engine(), loader.engine()]);
  for (const { reason } of failures) {
    assert.equal(reason.code, 'engine');
    assert.ok(reason.cause instanceof WebAssembly.CompileError);
  }
  found = true;
  assert.equal((await loader.engine()).dead, false);
});

test('loader: after a failure the page may say where the engine is', async () => {
  const loader = new Loader(assets({ wasm: () => new Uint8Array([1, 2]) }));
  await assert.rejects(loader.engine());
  loader.configure({ wasm: module });
  assert.equal((await loader.engine()).dead, false);
});

test('loader: an address that can not be made is a failure like another: the page may say where the engine is', async () => {
  const noBase = () => new URL('engine.wasm', 'about:srcdoc');
  const loader = new Loader(assets({ wasm: noBase }));
  await assert.rejects(loader.engine(), ({ code, cause }) => code === 'engine' && cause instanceof TypeError);
  loader.configure({ wasm: module });
  assert.equal((await loader.engine()).dead, false);
});

test('loader: a response that was no engine is not read a second time', async () => {
  const given = assets();
  const loader = new Loader(given);
  loader.configure({ wasm: new Response('<!doctype html>', { status: 404 }) });
  await assert.rejects(loader.engine(), isUnloaded('[object Response] answered 404'));
  assert.equal((await loader.engine()).dead, false);
  assert.equal(given.asked, 1, "the package's own comes next");
});

test('loader: another engine that the page gave is tried again', async (t) => {
  const asked = [];
  let isDown = true;
  setGlobal(t, 'fetch', async (url) => {
    asked.push(url);
    if (isDown) throw new TypeError('Failed to fetch');
    return new Response(wasm);
  });
  const given = assets();
  const loader = new Loader(given);
  loader.configure({ wasm: 'https://host/engine.wasm?key=1' });
  await assert.rejects(loader.engine(), isUnloaded('https://host/engine.wasm could not be fetched (Failed to fetch)'));
  isDown = false;
  assert.equal((await loader.engine()).dead, false);
  assert.deepEqual([...new Set(asked), given.asked], ['https://host/engine.wasm?key=1', 0]);
});

test("loader: the hash of the package's engine is demanded of that one only", async (t) => {
  const calls = [];
  setGlobal(t, 'fetch', async (url, options) => {
    calls.push([url, options]);
    return new Response(wasm);
  });
  const given = { wasm: () => new URL('https://host/own.wasm'), integrity: 'sha384-x', workers: [] };
  await new Loader(given).engine();
  const loader = new Loader(given);
  loader.configure({ wasm: 'https://host/other.wasm' });
  await loader.engine();
  assert.deepEqual(calls, [
    ['https://host/own.wasm', { integrity: 'sha384-x' }],
    ['https://host/other.wasm', {}],
  ]);
});

test('loader: an engine that does not start is told, and the next call tries again', async () => {
  let compiled = 0;
  const loader = new Loader(assets({ wasm: () => (compiled += 1) && unlinkable }));
  for (let i = 0; i < 2; i += 1) {
    await assert.rejects(
      loader.engine(),
      ({ code, cause }) => code === 'engine' && cause instanceof WebAssembly.LinkError,
    );
  }
  assert.equal(compiled, 1, 'what was compiled is kept');
});

test("loader: where the package's file can't be had, what the entry has inside is used", async () => {
  let asked = 0;
  const missing = () => {
    throw new TypeError('Invalid URL');
  };
  const instead = async () => {
    asked += 1;
    return wasm;
  };
  for (const broken of [missing, () => new Uint8Array([1, 2])]) {
    assert.equal((await new Loader(assets({ wasm: broken, instead })).engine()).dead, false);
  }
  assert.equal(asked, 2);
  await new Loader(assets({ instead })).engine();
  assert.equal(asked, 2, 'not where the file is there');
  await assert.rejects(new Loader(assets({ wasm: missing, instead: () => Promise.reject(new Error('gone')) })).engine(), isUnloaded(`Invalid URL${CURE}`));
});

test('loader: what the page named itself is not replaced', async () => {
  const loader = new Loader(assets({ instead: async () => wasm }));
  loader.configure({ wasm: new Response('', { status: 404 }) });
  await assert.rejects(loader.engine(), isUnloaded('[object Response] answered 404'));
});

test("loader: a policy that forbids WebAssembly is named, and nothing is fetched", async (t) => {
  const { validate } = WebAssembly;
  class Module {
    constructor() {
      throw new WebAssembly.CompileError("'unsafe-eval' is not an allowed source");
    }
  }
  setGlobal(t, 'WebAssembly', { validate, Module });
  const given = assets();
  await assert.rejects(
    new Loader(given).engine(),
    ({ code, message }) => code === 'unsupported' && message.includes("add 'wasm-unsafe-eval' to its script-src"),
  );
  assert.equal(given.asked, 0);
});

test('loader: a browser that can not run it is told so', async (t) => {
  setGlobal(t, 'WebAssembly', undefined);
  const given = assets();
  await assert.rejects(
    new Loader(given).engine(),
    (error) => error instanceof TransferError && error.code === 'unsupported',
  );
  assert.equal(given.asked, 0);
});
