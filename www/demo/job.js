// One transfer from the page's call to its end, and again when it is retried.
const SETTLED = new Set(["done", "failed", "aborted"]);
// What a list counts as one; every other state is a transfer at work.
const GROUPS = new Set(["paused", "queued", ...SETTLED]);

export class Job {
  transfer = null;
  result = null;
  error = null;
  /** What the engine told last. Kept here, since asking it for thousands would take a frame. */
  progress = null;
  #begin;
  #again;
  #listeners = new Set();

  /**
   * `begin(options)` starts the transfer and returns its handle; `options` holds the callbacks to pass on.
   * `again` is what a retry does, where that is not the same: `{ name, size, begin }`.
   */
  constructor({ kind, name, size = null, begin, again = { name, size, begin } }) {
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

  /** One of `active`, `paused`, `queued`, `done`, `failed`, `aborted`. */
  get group() {
    const { state } = this;
    return GROUPS.has(state) ? state : "active";
  }

  get settled() {
    return this.result !== null || this.error !== null;
  }

  /** Whether there is anything that stopping it would throw away. */
  get begun() {
    return this.progress !== null && this.progress.hashed + this.progress.confirmed > 0;
  }

  watch(listener) {
    this.#listeners.add(listener);
  }

  /** Hands it to the engine, which has a queue of its own. */
  start() {
    const told = (progress) => {
      this.progress = progress;
      this.#changed();
    };
    let transfer;
    try {
      transfer = this.#begin({ onState: () => told(this.transfer?.progress ?? null), onProgress: told });
    } catch (error) {
      this.#settle(this.transfer, { error });
      return;
    }
    this.transfer = transfer;
    this.progress = transfer.progress;
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
    this.transfer?.abort();
  }

  /** Forgets the outcome and starts again. */
  retry() {
    const { name, size, begin } = this.#again;
    Object.assign(this, { name, size, transfer: null, result: null, error: null, progress: null });
    this.#begin = begin;
    this.start();
  }

  // A handle that a retry has replaced has no say any more.
  #settle(transfer, { result = null, error = null }) {
    if (transfer !== this.transfer) return;
    this.result = result;
    this.error = error;
    this.progress = transfer?.progress ?? null;
    this.#changed();
  }

  #changed() {
    for (const listener of this.#listeners) listener(this);
  }
}
