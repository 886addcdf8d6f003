import assert from 'node:assert/strict';
import test from 'node:test';
import * as shell from '../node.js';
import { TransferError } from '../errors.js';

const isUnsupported = (error) =>
  error instanceof TransferError && error.code === 'unsupported' && /Node\.js/.test(error.message);

test('Node: importing does nothing, and the engine is not supported', () => {
  assert.equal(shell.isSupported(), false);
  assert.equal(shell.TransferError, TransferError);
});

test('Node: verbs that throw in a page throw, and say why', () => {
  for (const verb of ['upload', 'download', 'filesOf', 'save']) assert.throws(() => shell[verb](), isUnsupported, verb);
});

test('Node: verbs that return promises in a page reject, and do not throw', async () => {
  for (const verb of ['digest', 'pending', 'init']) await assert.rejects(shell[verb](), isUnsupported, verb);
});

test('Node: there is nothing but what the page has', () => {
  const names = ['TransferError', 'digest', 'download', 'filesOf', 'init', 'isSupported', 'pending', 'save', 'upload'];
  assert.deepEqual(Object.keys(shell).sort(), names);
});
