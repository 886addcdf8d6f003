import assert from 'node:assert/strict';
import test from 'node:test';
import { page, settled, uploads } from './transfers.js';

const main = page();
globalThis.IS_REACT_ACT_ENVIRONMENT = true;
const { act, createElement, StrictMode, useEffect } = await import('react');
const { createRoot, hydrateRoot } = await import('react-dom/client');
const { renderToString } = await import('react-dom/server');
const { createUseUpload, useUpload } = await import('xuchuan/react');

async function show(component, props) {
  const root = createRoot(main);
  const render = (given) => act(async () => root.render(createElement(StrictMode, null, createElement(component, given))));
  await render(props);
  return { render, unmount: () => act(async () => root.unmount()) };
}

// A component that shows an upload, and hands what the hook gave to the test.
function card(upload, seen, options) {
  const useIt = createUseUpload(upload);
  return function Card(props) {
    const given = useIt({ ...options, ...props });
    seen.push(given);
    return createElement('p', null, given.state, ' ', given.progress?.confirmed ?? 0, ' ', given.result?.url ?? given.error?.code);
  };
}

test('react: shows how an upload stands, to its end', async () => {
  const { begun, upload } = uploads();
  const seen = [];
  const { unmount } = await show(card(upload, seen), {});
  assert.equal(main.textContent, 'idle 0 ');
  await act(async () => seen.at(-1).upload('file'));
  assert.equal(main.textContent, 'queued 0 ');
  await act(async () => begun[0].advance(5));
  assert.equal(main.textContent, 'transferring 5 ');
  await act(async () => seen.at(-1).pause());
  assert.equal(main.textContent, 'paused 5 ');
  await act(async () => seen.at(-1).resume());
  await act(async () => begun[0].finish('/x'));
  assert.equal(main.textContent, 'done 5 /x');
  // What a page passes on does not make its children render again.
  for (const name of ['upload', 'pause', 'resume', 'abort', 'reset']) assert.equal(new Set(seen.map((one) => one[name])).size, 1, name);
  await unmount();
});

test('react: StrictMode mounts twice, and an upload that an effect begins is under way once', async () => {
  const { begun, upload } = uploads();
  const useIt = createUseUpload(upload);
  function Card() {
    const { state, upload: start } = useIt();
    useEffect(() => {
      start('file');
    }, [start]);
    return createElement('p', null, state);
  }
  const { unmount } = await show(Card, {});
  await act(settled);
  assert.deepEqual(begun.map(({ state }) => state), ['aborted', 'queued']);
  assert.equal(main.textContent, 'queued');
  await unmount();
});

test('react: an upload ends with its component, and with keepAlive it does not', async () => {
  for (const [keepAlive, state] of [[undefined, 'aborted'], [true, 'transferring']]) {
    const { begun, upload } = uploads();
    const seen = [];
    const { unmount } = await show(card(upload, seen), { keepAlive });
    await act(async () => seen.at(-1).upload('file'));
    await act(async () => begun[0].advance(5));
    await unmount();
    await settled();
    assert.equal(begun[0].state, state);
    assert.equal('keepAlive' in begun[0].options, false);
    begun[0].advance(6);
  }
});

test('react: options are those of the last render', async () => {
  const { begun, upload } = uploads();
  const seen = [];
  const { render, unmount } = await show(card(upload, seen), { endpoint: '/one' });
  await render({ endpoint: '/two' });
  await act(async () => seen[0].upload('file', { chunkSize: 1 }));
  assert.deepEqual(begun[0].options, { endpoint: '/two', chunkSize: 1 });
  await unmount();
});

test('react: renders on a server, and goes on from there without a word', async () => {
  const { begun, upload } = uploads();
  const seen = [];
  const Card = card(upload, seen);
  main.innerHTML = renderToString(createElement(Card));
  const errors = [];
  const error = console.error;
  console.error = (...words) => errors.push(words);
  const root = await act(async () => hydrateRoot(main, createElement(Card), { onRecoverableError: (why) => errors.push(why) }));
  console.error = error;
  assert.deepEqual([main.textContent, errors], ['idle 0 ', []]);
  await act(async () => seen.at(-1).upload('file'));
  assert.deepEqual([main.textContent, begun.length], ['queued 0 ', 1]);
  await act(async () => root.unmount());
});

test('react: the hook of the package starts with nothing', async () => {
  let given;
  renderToString(createElement(() => ((given = useUpload({ endpoint: '/u' })), null)));
  assert.deepEqual([given.state, given.transfer, given.error], ['idle', null, null]);
});
