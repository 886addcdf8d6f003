import assert from 'node:assert/strict';
import test from 'node:test';
import { setGlobal } from './stand-ins/globals.js';

// Each run is a page of its own. What its workers are started with is noted; `demands` tells whether it takes no text.
async function page(t, run, { demands = false, trustedTypes } = {}) {
  const started = [];
  setGlobal(t, 'trustedTypes', trustedTypes);
  setGlobal(
    t,
    'Worker',
    class {
      constructor(...args) {
        if (demands && typeof args[0] === 'string') throw new TypeError('Sink type mismatch');
        started.push(args);
      }
    },
  );
  const { startWorker } = await import(`../trusted.js?run=${run}`);
  return { started, startWorker };
}

test('trusted types: a page that does not know them gets a text', async (t) => {
  const { started, startWorker } = await page(t, 1);
  startWorker(new URL('https://host/worker.js'), { type: 'module' });
  assert.deepEqual(started, [['https://host/worker.js', { type: 'module' }]]);
});

test('trusted types: the policy `xuchuan` is made once, when it is first needed, and vouches for workers alone', async (t) => {
  const made = [];
  const trustedTypes = {
    createPolicy(name, rules) {
      made.push([name, Object.keys(rules)]);
      return { createScriptURL: (url) => ({ trusted: rules.createScriptURL(url) }) };
    },
  };
  const { started, startWorker } = await page(t, 2, { demands: true, trustedTypes });
  assert.deepEqual(made, []);
  for (const url of ['blob:1', 'blob:2']) startWorker(url, {});
  assert.deepEqual(started, [[{ trusted: 'blob:1' }, {}], [{ trusted: 'blob:2' }, {}]]);
  assert.deepEqual(made, [['xuchuan', ['createScriptURL']]]);
});

const refusing = {
  createPolicy() {
    throw new TypeError('refused to create a TrustedTypePolicy named "xuchuan"');
  },
};

test('trusted types: where the policy may not be made and is not needed, a worker starts', async (t) => {
  const { started, startWorker } = await page(t, 3, { trustedTypes: refusing });
  startWorker('blob:1', {});
  assert.deepEqual(started, [['blob:1', {}]]);
});

test('trusted types: where the policy may not be made and is needed, the error says what to allow', async (t) => {
  const { startWorker } = await page(t, 4, { demands: true, trustedTypes: refusing });
  assert.throws(() => startWorker('blob:1', {}), {
    message: 'Sink type mismatch (the page may allow it by "trusted-types xuchuan")',
  });
});

test('trusted types: any other failure is told as it is', async (t) => {
  const { startWorker } = await page(t, 5);
  setGlobal(t, 'Worker', undefined);
  assert.throws(() => startWorker('blob:1', {}), TypeError);
});
