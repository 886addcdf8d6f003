import { withoutSecrets } from './secrets.js';

/** What every failure of a transfer rejects with; `code` says the kind, the message what was being done. */
export class TransferError extends Error {
  constructor(code, message, { status, retryable = false, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    // Literal, so that minifiers can't rename it; defined, since a frozen prototype's can't be assigned to.
    Object.defineProperty(this, 'name', { value: 'TransferError', configurable: true, writable: true });
    this.code = code;
    this.status = status;
    this.retryable = retryable;
  }
}

/**
 * Gives what the engine reported, or any other error, the form that callers are promised. `thrown` is what a function of
 * the page threw: the cause, where the engine says that it is.
 */
export function asTransferError(error, thrown) {
  if (error instanceof TransferError) return error;
  if (typeof error?.code === 'string') {
    const { code, message, status, retryable } = error;
    return new TransferError(code, message, { status, retryable, cause: causeOf(error, thrown) });
  }
  // Nothing else is foreseen: it is a fault of the engine or of this shell.
  const words = withoutSecrets(error?.message ?? error);
  return new TransferError('engine', `The engine failed: ${words}`, { cause: error });
}

function causeOf({ reason, detail, cause, source }, thrown) {
  if (reason === 'page' && thrown !== undefined) return thrown;
  const origin = source ? errorOf(source) : undefined;
  if (!reason) return cause ?? origin;
  return Object.assign(withCause(detail, origin), { reason });
}

/** What the browser threw, as the engine took it down, with what that came of. */
function errorOf({ name, message, source }) {
  const error = withCause(message, source && errorOf(source));
  if (name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  return error;
}

function withCause(message, cause) {
  return new Error(message, cause === undefined ? undefined : { cause });
}
