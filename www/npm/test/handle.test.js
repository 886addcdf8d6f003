import assert from 'node:assert/strict';
import test from 'node:test';
import { TransferError } from '../errors.js';
import { fileOf } from '../handle.js';

const file = new Blob(['abc']);

// A handle whose permissions are as told; notes what it is asked.
function handle({ query, request, getFile = async () => file }) {
  const asked = [];
  const answer = (name, value) => async (mode) => {
    asked.push([name, mode]);
    if (value instanceof Error) throw value;
    return value;
  };
  const methods = query && { queryPermission: answer('query', query), requestPermission: answer('request', request) };
  return { asked, handle: { name: 'a.txt', getFile, ...methods } };
}

const MODE = { mode: 'read' };
const isUnreadable = (message) => (error) =>
  error instanceof TransferError &&
  error.code === 'file-unreadable' &&
  error.message === `Opening a.txt failed: ${message}`;
const ADVICE = 'Choose the file again; what the server has of it is not lost.';

test('handle: a file that may be read is opened without a question', async () => {
  const { asked, handle: given } = handle({ query: 'granted' });
  assert.equal(await fileOf(given), file);
  assert.deepEqual(asked, [['query', MODE]]);
});

test('handle: where the browser wants it, the user is asked, for reading only', async () => {
  const { asked, handle: given } = handle({ query: 'prompt', request: 'granted' });
  assert.equal(await fileOf(given), file);
  assert.deepEqual(asked, [
    ['query', MODE],
    ['request', MODE],
  ]);
});

test('handle: a browser that has no permissions opens it', async () => {
  assert.equal(await fileOf(handle({}).handle), file);
});

test('handle: a user who says no is a file that can not be read, with what to do', async () => {
  for (const request of ['denied', 'prompt']) {
    let opened = false;
    const { handle: given } = handle({ query: 'prompt', request, getFile: async () => (opened = true) });
    await assert.rejects(fileOf(given), isUnreadable(`the browser was not allowed to read it. ${ADVICE}`));
    assert.equal(opened, false);
  }
});

test("handle: a file that is gone, and a question without a click, are told in the browser's words", async () => {
  const gone = new DOMException('A requested file was not found', 'NotFoundError');
  const { handle: missing } = handle({ query: 'granted', getFile: () => Promise.reject(gone) });
  await assert.rejects(fileOf(missing), isUnreadable(`A requested file was not found. ${ADVICE}`));
  await assert.rejects(fileOf(missing), (error) => error.cause === gone);
  const clickless = new DOMException('User activation is required', 'SecurityError');
  const { handle: asking } = handle({ query: 'prompt', request: clickless });
  await assert.rejects(fileOf(asking), isUnreadable(`User activation is required. ${ADVICE}`));
});

test('handle: the browser is asked within the call, while the click still counts', () => {
  const { asked, handle: given } = handle({ query: 'granted' });
  fileOf(given);
  assert.equal(asked.length, 1);
});
