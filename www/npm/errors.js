/** What every failure of a transfer rejects with; `code` says the kind, the message what was being done. */
export class TransferError extends Error {
  constructor(code, message, { status, retryable = false, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    // Literal, so that minifiers can't rename it.
    this.name = 'TransferError';
    this.code = code;
    this.status = status;
    this.retryable = retryable;
  }

  /** Takes over what the engine reported. */
  static from(shape) {
    return new TransferError(shape.code, shape.message, shape);
  }

  /** Gives any error the form that callers are promised; what has none yet is a fault of the engine. */
  static wrap(error) {
    if (error instanceof TransferError) return error;
    if (typeof error?.code === 'string') return TransferError.from(error);
    return new TransferError('engine', `The engine failed: ${error?.message ?? error}`, { cause: error });
  }
}
