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

/** Gives what the engine reported, or any other error, the form that callers are promised. */
export function asTransferError(error) {
  if (error instanceof TransferError) return error;
  if (typeof error?.code === 'string') return new TransferError(error.code, error.message, error);
  // Nothing else is foreseen: it is a fault of the engine or of this shell.
  return new TransferError('engine', `The engine failed: ${error?.message ?? error}`, { cause: error });
}
