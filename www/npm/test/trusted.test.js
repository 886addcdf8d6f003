import assert from 'node:assert/strict';
import test from 'node:test';
import { setGlobal } from './stand-ins/globals.js';

// Each run is a page of its own.
const page = (run) => import(`../trusted.js?run=${run}`);

test('trusted types: a page that does not know them gets a text', async () => {
  const { trusted } = await page(1);
  assert.equal(trusted(new URL('https://host/worker.js')), 'https://host/worker.js');
});

test('trusted types: the policy `xuchuan` is made once, when it is first needed, and vouches for workers alone', async (t) => {
  const made = [];
  setGlobal(t, 'trustedTypes', {
    createPolicy(name, rules) {
      made.push([name, Object.keys(rules)]);
      return { createScriptURL: (url) => ({ trusted: rules.createScriptURL(url) }) };
    },
  });
  const { trusted } = await page(2);
  assert.deepEqual(made, []);
  for (const url of ['blob:1', 'blob:2']) assert.deepEqual(trusted(url), { trusted: url });
  assert.deepEqual(made, [['xuchuan', ['createScriptURL']]]);
});

test('trusted types: where the policy may not be made, the browser has the last word', async (t) => {
  setGlobal(t, 'trustedTypes', {
    createPolicy() {
      throw new TypeError('refused to create a TrustedTypePolicy named "xuchuan"');
    },
  });
  const { trusted } = await page(3);
  assert.equal(trusted('blob:1'), 'blob:1');
});
