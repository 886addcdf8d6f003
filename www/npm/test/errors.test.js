import assert from 'node:assert/strict';
import test from 'node:test';
import { TransferError, asTransferError } from '../errors.js';

test('errors: a TransferError says its kind, its status and whether trying again may help', () => {
  const cause = new Error('why');
  const error = new TransferError('server', 'Sending failed', { status: 503, retryable: true, cause });
  assert.ok(error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.message, error.status, error.retryable, error.cause],
    ['TransferError', 'server', 'Sending failed', 503, true, cause],
  );
  assert.equal(String(error), 'TransferError: Sending failed');
});

test('errors: without details there is no status, no cause, and trying again does not help', () => {
  const error = new TransferError('aborted', 'The transfer was aborted');
  assert.deepEqual([error.status, error.retryable, 'cause' in error], [undefined, false, false]);
});

test('errors: a cause may be any value, also null', () => {
  assert.equal(new TransferError('aborted', '', { cause: null }).cause, null);
  assert.equal(new TransferError('aborted', '', { cause: 0 }).cause, 0);
});

test('errors: the name holds where the page has frozen Error', () => {
  class Frozen extends TransferError {}
  Object.freeze(Frozen.prototype);
  assert.equal(new Frozen('server', '').name, 'TransferError');
  const { enumerable } = Object.getOwnPropertyDescriptor(new TransferError('server', ''), 'name');
  assert.equal(enumerable, false);
});

test('errors: a TransferError stays the one it is', () => {
  const error = new TransferError('server', '');
  assert.equal(asTransferError(error), error);
});

test('errors: what the engine reports gets the form that callers are promised', () => {
  const error = asTransferError({ code: 'server', message: 'Sending failed', status: 500, retryable: true });
  assert.ok(error instanceof TransferError);
  assert.deepEqual([error.code, error.message, error.status, error.retryable], ['server', 'Sending failed', 500, true]);
  assert.equal('cause' in error, false);
});

test("errors: why no answer came is the cause, with the browser's words", () => {
  const { cause } = asTransferError({ code: 'network', message: '', reason: 'cors', detail: 'Failed to fetch' });
  assert.ok(cause instanceof Error);
  assert.deepEqual([cause.reason, cause.message], ['cors', 'Failed to fetch']);
});

test("errors: what the page's own function threw is the cause only where the engine says that it is", () => {
  const thrown = new Error('of the page');
  const failed = (reason) => asTransferError({ code: 'rejected', message: '', reason, detail: 'words' }, thrown).cause;
  assert.equal(failed('page'), thrown);
  assert.notEqual(failed('cut'), thrown);
  const unknown = asTransferError({ code: 'rejected', message: '', reason: 'page', detail: 'words' }).cause;
  assert.deepEqual([unknown.reason, unknown.message], ['page', 'words']);
});

test('errors: another error is a fault of the engine, shown without its secrets', () => {
  const cause = new TypeError('can not read https://user:pass@host/file?signature=1');
  const error = asTransferError(cause);
  assert.deepEqual([error.code, error.retryable, error.cause], ['engine', false, cause]);
  assert.equal(error.message, 'The engine failed: can not read https://host/file');
  for (const odd of ['words', undefined, null, 7, { code: 7 }]) {
    assert.equal(asTransferError(odd).code, 'engine', String(odd));
  }
  assert.equal(asTransferError('words').message, 'The engine failed: words');
});

test('errors: what the browser threw is the cause, with what that came of', () => {
  const source = { name: 'NotReadableError', message: 'gone', source: { name: '', message: 'the disk' } };
  const { cause } = asTransferError({ code: 'file-unreadable', message: '', source });
  assert.ok(cause instanceof Error);
  assert.deepEqual([cause.name, cause.message], ['NotReadableError', 'gone']);
  assert.deepEqual([cause.cause.name, cause.cause.message, 'cause' in cause.cause], ['Error', 'the disk', false]);
  const lost = asTransferError({ code: 'network', message: '', reason: 'cut', detail: 'words', source }).cause;
  assert.deepEqual([lost.reason, lost.message, lost.cause.name], ['cut', 'words', 'NotReadableError']);
});
