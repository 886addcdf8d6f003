// One card's transfer from its place in the line to its end, and again when it is retried.
const SETTLED = new Set(["done", "failed", "aborted"]);

export class Job {
  transfer = null;
  result = null;
  error = null;
  #begin;
  #again;
  #listeners = new Set();

  /**
   * `begin(options)` starts the transfer and returns its handle; `options` holds the callbacks to pass on.
   * `again` is what a retry does, where that is not the same (a transfer of an earlier visit goes on only once).
   */
  constructor({ kind, name, size = null, begin, again = begin }) {
    Object.assign(this, { kind, name, size });
    this.#begin = begin;
    this.#again = again;
  }

  /** The raw state. A final one is shown only once its outcome is here, so that the two never disagree. */
  get state() {
    if (this.result) return "done";
    if (this.error) return this.error.code === "aborted" ? "aborted" : "failed";
    const state = this.transfer?.state ?? "queued";
    return SETTLED.has(state) ? "finishing" : state;
  }

  get progress() {
    return this.transfer?.progress ?? null;
  }

  get settled() {
    return this.result !== null || this.error !== null;
  }

  /** Whether it takes up one of the places of the line. One that a person has paused does not. */
  get active() {
    return this.transfer !== null && !this.settled && this.state !== "paused";
  }

  watch(listener) {
    this.#listeners.add(listener);
  }

  start() {
    const changed = () => this.#changed();
    let transfer;
    try {
      transfer = this.#begin({ onState: changed, onProgress: changed });
    } catch (error) {
      this.#settle(this.transfer, { error });
      return;
    }
    this.transfer = transfer;
    transfer.done.then(
      (result) => this.#settle(transfer, { result }),
      (error) => this.#settle(transfer, { error }),
    );
    this.#changed();
  }

  pause() {
    this.transfer?.pause();
    this.#changed();
  }

  resume() {
    this.transfer?.resume();
    this.#changed();
  }

  abort() {
    if (this.transfer) this.transfer.abort();
    else this.#settle(null, { error: { code: "aborted", message: "" } });
  }

  /** Forgets the outcome, so that it can be put into the line again. */
  reset() {
    this.transfer = this.result = this.error = null;
    this.#begin = this.#again;
    this.#changed();
  }

  // A handle that a retry has replaced has no say any more.
  #settle(transfer, { result = null, error = null }) {
    if (transfer !== this.transfer) return;
    this.result = result;
    this.error = error;
    this.#changed();
  }

  #changed() {
    for (const listener of this.#listeners) listener(this);
  }
}
