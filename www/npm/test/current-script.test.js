import assert from 'node:assert/strict';
import test from 'node:test';
import { setGlobal } from './stand-ins/globals.js';

// The module looks once, when it first runs: each test runs it anew.
let runs = 0;
async function scriptUrl() {
  runs += 1;
  return (await import(`../script/current-script.js?run=${runs}`)).scriptUrl;
}

const element = (kind, properties) => Object.assign(Object.create({ [Symbol.toStringTag]: kind }), properties);
const setScript = (t, currentScript) => setGlobal(t, 'document', { currentScript });

// Has errors say that they were made there.
function setStack(t, stack) {
  setGlobal(
    t,
    'Error',
    class {
      stack = stack;
    },
  );
}

test('current script: its tag says where it came from', async (t) => {
  setScript(t, element('HTMLScriptElement', { src: 'https://host/xuchuan.min.js?v=1' }));
  assert.equal(await scriptUrl(), 'https://host/xuchuan.min.js?v=1');
});

test('current script: one that stands in the page itself came from nowhere', async (t) => {
  setScript(t, element('HTMLScriptElement', { src: '' }));
  assert.equal(await scriptUrl(), '');
});

const URL_OF_IT = 'https://host/a/xuchuan.min.js';
const STACKS = {
  Chromium: `Error\n    at fromStack (${URL_OF_IT}:1:2345)\n    at https://host/other.js:1:1`,
  'Chromium, at the top level': `Error\n    at ${URL_OF_IT}:1:2345\n    at https://host/other.js:1:1`,
  Firefox: `fromStack@${URL_OF_IT}:1:2345\n@https://host/other.js:1:1`,
  Safari: `fromStack@${URL_OF_IT}:1:2345\nglobal code@https://host/other.js:1:1`,
};

for (const [browser, stack] of Object.entries(STACKS)) {
  test(`current script: without a tag the stack tells, as in ${browser}`, async (t) => {
    setStack(t, stack);
    assert.equal(await scriptUrl(), URL_OF_IT);
  });
}

test('current script: an image that is called currentScript is not taken for the tag', async (t) => {
  setScript(t, element('HTMLImageElement', { src: 'https://host/image.png' }));
  setStack(t, STACKS.Chromium);
  assert.equal(await scriptUrl(), URL_OF_IT);
});

test('current script: a module, which has no tag, is told by the stack', async (t) => {
  setScript(t, null);
  setStack(t, STACKS.Firefox);
  assert.equal(await scriptUrl(), URL_OF_IT);
});

test('current script: schemes with signs in them, ports and queries are told from the stack', async (t) => {
  for (const url of ['chrome-extension://id/a.js', 'https://host:8443/a.js?b=1&c']) {
    setStack(t, `Error\n    at fromStack (${url}:1:2)`);
    assert.equal(await scriptUrl(), url);
  }
});

test('current script: evaluated text has no place of its own, and what is no address is none', async (t) => {
  const stacks = [
    'Error\n    at eval (eval at f (https://host/page.js:1:2), <anonymous>:1:1)',
    'f@https://host/page.js line 1 > eval:1:1',
    'Error\n    at <anonymous>:1:1',
    'Error',
    '',
    undefined,
  ];
  for (const stack of stacks) {
    setStack(t, stack);
    assert.equal(await scriptUrl(), '', String(stack));
  }
});
