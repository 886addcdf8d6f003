import assert from 'node:assert/strict';
import test from 'node:test';
import { remember, remembered } from '../element/remembered.js';
import { setGlobal } from './stand-ins/globals.js';

test('remembered: what was started, until it is of no interest', (t) => {
  const kept = new Map();
  let writes = 0;
  setGlobal(t, 'localStorage', {
    getItem: (key) => kept.get(key) ?? null,
    setItem(key, value) {
      writes += 1;
      kept.set(key, value);
    },
  });
  assert.deepEqual(remembered('here'), {});
  remember('here', 'a', true);
  remember('here', 'b', true);
  remember('there', 'c', true);
  assert.deepEqual(Object.keys(remembered('here')), ['a', 'b']);
  remember('here', 'a', false);
  assert.deepEqual(Object.keys(remembered('here')), ['b']);
  // What changes nothing is not written: thousands of small files end.
  writes = 0;
  remember('here', 'b', true);
  remember('here', 'x', false);
  assert.equal(writes, 0);
  kept.set('here', 'no JSON');
  assert.deepEqual(remembered('here'), {});
});

test('remembered: a storage that is forbidden is as an empty one', (t) => {
  const forbidden = () => {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  };
  setGlobal(t, 'localStorage', { getItem: forbidden, setItem: forbidden });
  remember('here', 'a', true);
  assert.deepEqual(remembered('here'), {});
});
