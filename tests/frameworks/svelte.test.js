import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { page, settled, uploads } from './transfers.js';

const main = page();
const five = { compiler: await import('svelte/compiler'), runtime: await import('svelte') };
const four = { compiler: await import('svelte4/compiler') };
const { render } = await import('svelte/server');
const { createUpload, createUploadWith } = await import('xuchuan/svelte');

const CARD = `<script>export let upload;</script><p>{$upload.state} {$upload.progress?.confirmed ?? 0} {$upload.result?.url ?? ''}</p>`;

// Compiles the component as a bundler would, and imports it.
async function compiled({ compiler }, name, options) {
  const { js } = compiler.compile(CARD, { filename: `${name}.svelte`, ...options });
  const folder = new URL('./.made/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const file = new URL(`${name}.js`, folder);
  await writeFile(file, name.startsWith('four') ? js.code.replaceAll('"svelte/', '"svelte4/') : js.code);
  return (await import(file)).default;
}

async function shows(mount) {
  const { begun, upload } = uploads();
  const store = createUploadWith(upload)({ endpoint: '/u' });
  const { flush, unmount } = await mount(store);
  assert.equal(main.textContent.trim(), 'idle 0');
  store.upload('file');
  begun[0].advance(5);
  await flush();
  assert.equal(main.textContent.trim(), 'transferring 5');
  begun[0].finish('/x');
  await settled();
  await flush();
  assert.equal(main.textContent.trim(), 'done 5 /x');
  store.upload('another');
  await unmount();
  assert.equal(main.textContent, '');
  await settled();
  assert.equal(begun[1].state, 'aborted');
}

test('svelte 5: shows how an upload stands, and ends it with its component', async () => {
  const { mount, unmount, flushSync } = five.runtime;
  const Card = await compiled(five, 'five-client', { generate: 'client' });
  await shows(async (upload) => {
    const component = mount(Card, { target: main, props: { upload } });
    return { flush: async () => flushSync(), unmount: () => unmount(component) };
  });
});

test('svelte 4: shows how an upload stands, and ends it with its component', async () => {
  const Card = await compiled(four, 'four-client', { generate: 'dom' });
  await shows(async (upload) => {
    const component = new Card({ target: main, props: { upload } });
    return { flush: settled, unmount: async () => component.$destroy() };
  });
});

test('svelte: renders on a server, which leaves nothing running', async () => {
  const { begun, upload } = uploads();
  const upload5 = createUploadWith(upload)();
  const Card = await compiled(five, 'five-server', { generate: 'server' });
  assert.match(render(Card, { props: { upload: upload5 } }).body, /<p>idle 0 <\/p>/);
  await settled();
  assert.equal(begun.length, 0);
  assert.equal(typeof createUpload().subscribe, 'function');
});

test('svelte: a store goes on while anybody reads it, until it is read again, and with keepAlive', async () => {
  const { begun, upload } = uploads();
  const read = (store) => store.subscribe(() => {});
  const store = createUploadWith(upload)(() => ({ endpoint: '/u' }));
  const [one, other] = [read(store), read(store)];
  store.upload('file');
  one();
  one();
  await settled();
  other();
  const again = read(store);
  await settled();
  assert.equal(begun[0].state, 'queued');
  again();
  await settled();
  assert.equal(begun[0].state, 'aborted');
  const kept = createUploadWith(upload)({ keepAlive: true });
  const reader = read(kept);
  kept.upload('file');
  reader();
  await settled();
  assert.equal(begun[1].state, 'queued');
});
