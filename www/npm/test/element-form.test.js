import assert from 'node:assert/strict';
import test from 'node:test';
import { FormPart } from '../element/form.js';

// What a browser's ElementInternals are told.
class Internals {
  setFormValue(data, state) {
    this.entries = [...data.entries()];
    this.state = state;
  }

  setValidity(flags, message) {
    this.flags = Object.keys(flags).join();
    this.message = message;
  }
}

const words = { say: (key) => key };
const done = (url) => ({ phase: 'done', path: url, size: 1, url });

function made(items, settings = { name: 'file', required: false }) {
  const internals = new Internals();
  const form = new FormPart(internals);
  const update = (now, changed = settings) => form.update(new Map(now.entries()), changed, words, null);
  const isNew = update(items);
  return { internals, form, update, isNew };
}

test('form: each URL is an entry under the name, as it is', () => {
  const { internals, form, isNew } = made([done('/a'), done('/b,c')]);
  assert.deepEqual(internals.entries, [['file', '/a'], ['file', '/b,c']]);
  assert.deepEqual([form.urls, isNew], [['/a', '/b,c'], true]);
  assert.deepEqual(JSON.parse(internals.state)[0], { path: '/a', size: 1, url: '/a' });
});

test('form: without a name nothing goes with it', () => {
  assert.deepEqual(made([done('/a')], { name: '' }).internals.entries, []);
});

test('form: tells when there are other URLs, and only then', () => {
  const { update, isNew } = made([]);
  assert.equal(isNew, false);
  assert.equal(update([{ phase: 'moving' }]), false);
  assert.equal(update([done('/a')]), true);
  assert.equal(update([done('/a')]), false);
  assert.equal(update([done('/a,/b')]), true);
  assert.equal(update([done('/a'), done('/b')]), true);
  assert.equal(update([]), true);
});

test('form: can be sent when all is there', () => {
  const validity = (phases, required = false) => {
    const { flags, message } = made(phases.map((phase) => ({ phase })), { name: 'f', required }).internals;
    return [flags, message];
  };
  assert.deepEqual(validity([]), ['', '']);
  assert.deepEqual(validity([], true), ['valueMissing', 'missing']);
  assert.deepEqual(validity(['done'], true), ['', '']);
  for (const phase of ['chosen', 'moving', 'paused']) assert.deepEqual(validity(['done', phase]), ['customError', 'busy']);
  assert.deepEqual(validity(['moving', 'failed']), ['customError', 'broken']);
});
