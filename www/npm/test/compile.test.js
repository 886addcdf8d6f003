import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { compile } from '../compile.js';
import { setGlobal } from './stand-ins/globals.js';
import { serving, startSite } from './stand-ins/site.js';
import { module, wasm } from './stand-ins/wasm.js';

const TYPE = 'application/wasm';
const integrity = `sha384-${createHash('sha384').update(wasm).digest('base64')}`;
const foreign = (kind, properties) => Object.assign(Object.create({ [Symbol.toStringTag]: kind }), properties);

function assertModule(compiled) {
  assert.deepEqual(
    WebAssembly.Module.exports(compiled).map(({ name }) => name),
    ['trap', 'callOut', 'answer', 'memory'],
  );
}

test('compile: a module is used as it is', async () => {
  assert.equal(await compile(module), module);
});

test('compile: bytes are compiled, in a buffer or a part of one', async () => {
  assertModule(await compile(wasm.buffer));
  assertModule(await compile(wasm));
  const larger = new Uint8Array(wasm.length + 16);
  larger.set(wasm, 8);
  assertModule(await compile(larger.subarray(8, 8 + wasm.length)));
});

test('compile: bytes that are no module are an error', async () => {
  await assert.rejects(compile(new Uint8Array([1, 2, 3])), WebAssembly.CompileError);
});

test('compile: a URL is fetched, as a text or an object', async (t) => {
  const asked = [];
  const site = await startSite(t, serving(wasm, TYPE, asked));
  assertModule(await compile(`${site}/a.wasm`));
  assertModule(await compile(new URL(`${site}/b.wasm`)));
  assert.deepEqual(asked, ['/a.wasm', '/b.wasm']);
});

test('compile: a server that does not know the type of wasm serves it all the same', async (t) => {
  const site = await startSite(t, serving(wasm, 'application/octet-stream'));
  assertModule(await compile(`${site}/a.wasm`));
});

test('compile: the type of wasm is compiled while it comes', async (t) => {
  const site = await startSite(t, serving(wasm, TYPE));
  let streamed = 0;
  const { compileStreaming } = WebAssembly;
  t.after(() => Object.assign(WebAssembly, { compileStreaming }));
  WebAssembly.compileStreaming = (response) => {
    streamed += 1;
    return compileStreaming(response);
  };
  await compile(`${site}/a.wasm`);
  assert.equal(streamed, 1);
  WebAssembly.compileStreaming = undefined;
  assertModule(await compile(`${site}/a.wasm`));
});

test('compile: a response is used, of this frame or another, or of a page that has replaced fetch', async () => {
  assertModule(await compile(new Response(wasm, { headers: { 'content-type': TYPE } })));
  assertModule(await compile(new Response(wasm)));
  const headers = new Headers({ 'content-type': TYPE });
  const arrayBuffer = async () => wasm.buffer;
  assertModule(await compile(foreign('Response', { ok: true, url: '', headers, arrayBuffer })));
  assertModule(await compile(foreign('Response', { ok: true, url: '', headers, blob: async () => new Blob([wasm]) })));
});

test('compile: an answer that is no success is an error that names the file and the status', async (t) => {
  const site = await startSite(t, (_, response) => response.writeHead(404).end());
  await assert.rejects(compile(`${site}/a.wasm?key=hunter2`), { message: `${site}/a.wasm answered 404` });
});

test('compile: a page instead of wasm, as many servers give for an unknown path, is named', async (t) => {
  for (const body of ['<!doctype html>', '', 'abc']) {
    const site = await startSite(t, serving(body, 'text/html'));
    const { origin } = new URL(site);
    await assert.rejects(compile(`${site}/a.wasm?key=hunter2`), ({ message }) => {
      assert.ok(message.startsWith(`${origin}/a.wasm is not WebAssembly (its type is text/html): was `), message);
      return true;
    });
  }
});

test('compile: a server that can not be reached is named, without the secrets of the URL', async (t) => {
  setGlobal(t, 'fetch', async (url) => {
    throw new TypeError(`Failed to fetch ${url}`);
  });
  await assert.rejects(compile('https://user:hunter2@host/a.wasm?key=hunter2'), (error) => {
    assert.equal(error.message, 'https://host/a.wasm could not be fetched (Failed to fetch https://host/a.wasm)');
    assert.ok(error.cause instanceof TypeError);
    return true;
  });
});

test('compile: the file has to be the one with the known hash', async (t) => {
  const site = await startSite(t, serving(wasm, TYPE));
  assertModule(await compile(`${site}/a.wasm`, integrity));
  const other = `sha384-${createHash('sha384').update('other').digest('base64')}`;
  await assert.rejects(
    compile(`${site}/a.wasm`, other),
    /could not be fetched \(it is not the file that was built with this script\)$/,
  );
});

test('compile: a server that does not let other origins read the file is told from one that is not there', async (t) => {
  const asked = [];
  setGlobal(t, 'fetch', async (url, { mode }) => {
    asked.push(mode);
    if (mode === 'no-cors') return { ok: false, type: 'opaque' };
    throw new TypeError('Failed to fetch');
  });
  await assert.rejects(compile('https://host/a.wasm'), /https:\/\/host does not let pages of other origins read it/);
  assert.deepEqual(asked, [undefined, undefined, 'no-cors']);
});

test("compile: a page's policy that forbids the request is named, for that address alone", async (t) => {
  const page = new EventTarget();
  setGlobal(t, 'addEventListener', page.addEventListener.bind(page));
  setGlobal(t, 'removeEventListener', page.removeEventListener.bind(page));
  const blocked = (blockedURI, more) =>
    page.dispatchEvent(
      Object.assign(new Event('securitypolicyviolation'), {
        disposition: 'enforce',
        effectiveDirective: 'connect-src',
        blockedURI,
        ...more,
      }),
    );
  let violate;
  setGlobal(t, 'fetch', async () => {
    setTimeout(violate);
    throw new TypeError('Failed to fetch');
  });
  for (const uri of ['https://cdn/a.wasm?key=hunter2', 'https://cdn']) {
    violate = () => blocked(uri);
    await assert.rejects(compile('https://cdn/a.wasm?key=hunter2', 'sha384-x'), {
      message:
        "https://cdn/a.wasm could not be fetched (the page's Content-Security-Policy forbids it: add https://cdn to its connect-src)",
    });
  }
  for (const other of [['https://other'], ['https://cdn', { disposition: 'report' }], ['https://cdn', { effectiveDirective: 'img-src' }]]) {
    violate = () => blocked(...other);
    await assert.rejects(compile('https://cdn/a.wasm'), /\(Failed to fetch\)$/);
  }
});

test("compile: a page's own fetch is given a text, and a hash only where there is one", async (t) => {
  const calls = [];
  setGlobal(t, 'fetch', async (...args) => {
    calls.push(args);
    return new Response(wasm);
  });
  await compile(new URL('https://host/a.wasm'));
  await compile('/a.wasm', 'sha384-x');
  assert.deepEqual(calls, [
    ['https://host/a.wasm', {}],
    ['/a.wasm', { integrity: 'sha384-x' }],
  ]);
});
