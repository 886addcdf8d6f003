import assert from 'node:assert/strict';
import test from 'node:test';
import { page, settled, uploads } from './transfers.js';

const main = page();
const { createApp, createSSRApp, effectScope, h, KeepAlive, nextTick, ref } = await import('vue');
const { renderToString } = await import('vue/server-renderer');
const { createUseUpload, useUpload } = await import('xuchuan/vue');

// A component that shows an upload, and hands what the composable gave to the test.
const card = (upload, seen, options) => ({
  setup() {
    const given = createUseUpload(upload)(options);
    seen.push(given);
    const { state, progress, result, error } = given;
    return () => h('p', [state.value, progress.value?.confirmed ?? 0, result.value?.url ?? error.value?.code].join(' '));
  },
});

test('vue: shows how an upload stands, to its end', async () => {
  const { begun, upload } = uploads();
  const seen = [];
  const app = createApp(card(upload, seen));
  app.mount(main);
  assert.equal(main.textContent, 'idle 0 ');
  seen[0].upload('file');
  await nextTick();
  assert.equal(main.textContent, 'queued 0 ');
  begun[0].advance(5);
  seen[0].pause();
  await nextTick();
  assert.equal(main.textContent, 'paused 5 ');
  seen[0].resume();
  begun[0].finish('/x');
  await settled();
  assert.equal(main.textContent, 'done 5 /x');
  app.unmount();
});

test('vue: an upload ends with its scope, and with keepAlive it does not', () => {
  for (const [options, state] of [[undefined, 'aborted'], [{ keepAlive: true }, 'transferring']]) {
    const { begun, upload } = uploads();
    const scope = effectScope();
    const given = scope.run(() => createUseUpload(upload)(options));
    given.upload('file');
    begun[0].advance(5);
    scope.stop();
    assert.equal(begun[0].state, state);
    assert.equal(given.state.value, state);
  }
});

test('vue: a component that KeepAlive puts aside goes on', async () => {
  const { begun, upload } = uploads();
  const seen = [];
  const shown = ref(true);
  const Card = card(upload, seen);
  const app = createApp({ render: () => h(KeepAlive, () => (shown.value ? h(Card) : h('hr'))) });
  app.mount(main);
  seen[0].upload('file');
  shown.value = false;
  await nextTick();
  assert.equal(begun[0].state, 'queued');
  begun[0].advance(7);
  shown.value = true;
  await nextTick();
  assert.deepEqual([main.textContent, seen.length], ['transferring 7 ', 1]);
  app.unmount();
  assert.equal(begun[0].state, 'aborted');
});

test('vue: options may be a ref, and a getter, which are asked when an upload starts', () => {
  const { begun, upload } = uploads();
  const endpoint = ref('/one');
  const options = ref({ endpoint: '/ref' });
  const scope = effectScope();
  const [first, second] = scope.run(() => [options, () => ({ endpoint: endpoint.value })].map(createUseUpload(upload)));
  endpoint.value = '/two';
  options.value = { endpoint: '/changed' };
  first.upload('file');
  second.upload('file', { chunkSize: 1 });
  assert.deepEqual(begun.map((transfer) => transfer.options), [{ endpoint: '/changed' }, { endpoint: '/two', chunkSize: 1 }]);
  scope.stop();
});

test('vue: renders on a server, and outside of a component', async () => {
  const { upload } = uploads();
  assert.equal(await renderToString(createSSRApp(card(upload, []))), '<p>idle 0 </p>');
  assert.equal(useUpload().state.value, 'idle');
});
