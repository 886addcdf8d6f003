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
}
