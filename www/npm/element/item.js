const PHASES = { paused: 'paused', done: 'moving', failed: 'moving', aborted: 'moving' };
// The file that was handed over is not the one, or the way back to it is closed: it has to be chosen again.
const MISSED = ['file-changed', 'file-unreadable'];

/** One file of the list, from its choice, or from what an earlier visit left, to its URL. */
export class UploadItem {
  transfer = null;
  result = null;
  error = null;
  #begin;
  #changed;

  /**
   * `facts` are `name`, `path`, `size`, and what is there of `source`, `file` and `pending`. `begin(item)` starts a transfer of it;
   * `changed(item, what)` hears of `state`, `done` and `error`.
   */
  constructor(facts, begin, changed) {
    Object.assign(this, facts);
    this.#begin = begin;
    this.#changed = changed;
  }

  /** What can be done with it: it is `unfinished` (left by an earlier visit), `chosen`, `moving`, `paused`, `failed` or `done`. */
  get phase() {
    if (this.result) return 'done';
    if (this.error) return 'failed';
    if (!this.transfer) return this.pending ? 'unfinished' : 'chosen';
    return PHASES[this.transfer.state] ?? 'moving';
  }

  /** As of a transfer while there is one, else its phase. */
  get state() {
    return this.phase === 'moving' ? this.transfer.state : this.phase;
  }

  /** Where the server serves it; empty until it is there. */
  get url() {
    return this.result?.url ?? '';
  }

  get progress() {
    return this.transfer?.progress;
  }

  /** Bytes that the server is known to have. */
  get confirmed() {
    return this.result ? this.size : Math.min(this.size, this.progress?.confirmed ?? this.pending?.done ?? 0);
  }

  /** Whether the user has to choose the file again before it can go on. */
  get needsFile() {
    return this.error ? MISSED.includes(this.error.code) : this.phase === 'unfinished' && this.pending.needsFile;
  }

  /** Starts it, or starts it again after a failure; `source` is the file if it was chosen again. */
  start(source = this.source) {
    this.source = source;
    this.error = null;
    try {
      const transfer = this.#begin(this);
      this.transfer = transfer;
      transfer.done.then(
        (result) => this.#settle(transfer, { result }, 'done'),
        (error) => this.#settle(transfer, { error }, 'error'),
      );
      this.#changed(this, 'state');
    } catch (error) {
      this.#settle(this.transfer, { error }, 'error');
    }
  }

  pause() {
    this.transfer?.pause();
  }

  resume() {
    this.transfer?.resume();
  }

  /** Ends it for good, without a word. */
  abort() {
    const { transfer } = this;
    this.transfer = null;
    transfer?.abort();
  }

  // One that a later one has replaced has no say any more.
  #settle(transfer, outcome, what) {
    if (transfer !== this.transfer) return;
    Object.assign(this, outcome);
    this.#changed(this, what);
  }
}
