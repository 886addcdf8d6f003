import { Feed } from './feed.js';
import { Tabs } from './tabs.js';
import { TransferError, asTransferError } from './errors.js';

// Shared, since a page may begin thousands in one go.
const NO_CHUNKS = new Uint8Array(0);
const NO_REPORT = Object.freeze({});
const ignore = () => {};

/**
 * The handle of one transfer. It exists before the engine has loaded, so it remembers what it was told, and it
 * outlives the engine, so it keeps what it was last told.
 */
export class Transfer {
  #feed = new Feed();
  #tabs;
  #state = 'queued';
  #progress;
  #chunks = NO_CHUNKS;
  #report = NO_REPORT;
  #paused = false;
  #settled = false;
  #cleanUp = [];
  #resolve;
  #reject;
  #listeners;
  #leave;
  #thrown;
  #engine;
  #engineTransfer;

  /**
   * @param open `() => Promise<LiveEngine>`
   * @param start `(glue, observer) => EngineTransfer`
   * `onLeave` is called, perhaps more than once, when it is not, or no longer, queued in the engine. `thrown` gives what
   * the page's own functions threw last.
   */
  constructor(open, start, { total = 0, signal, onProgress, onState, thrown = ignore, onLeave = ignore }) {
    this.#listeners = { onProgress, onState };
    this.#leave = onLeave;
    this.#thrown = thrown;
    this.#progress = nothingYet(total);
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A failure that nobody awaits is told by `state` and `onState`; it is no unhandled rejection.
    this.done.catch(ignore);
    this.#follow(signal);
    if (!this.#settled) this.#begin(open, start);
  }

  get state() {
    return this.#state;
  }

  get progress() {
    if (!this.#settled) {
      const own = this.#read((transfer) => transfer.progress());
      if (own) this.#progress = this.#shown(own);
    }
    return this.#progress;
  }

  get chunks() {
    if (!this.#settled) this.#chunks = this.#read((transfer) => transfer.chunks()) ?? this.#chunks;
    return this.#chunks;
  }

  report() {
    const told = this.#settled ? undefined : this.#read((transfer) => transfer.report());
    if (told) {
      const environment = { ...told.environment, tabs: this.#tabs?.environment ?? null };
      this.#report = { ...told, environment };
    }
    return this.#report;
  }

  pause() {
    if (this.#settled) return;
    this.#paused = true;
    if (this.#engineTransfer) this.#read((transfer) => transfer.pause());
    else this.#enter('paused');
  }

  resume() {
    if (this.#settled) return;
    this.#paused = false;
    if (this.#engineTransfer) this.#read((transfer) => transfer.resume());
    else this.#enter('queued');
  }

  abort(reason) {
    if (this.#settled) return;
    this.#read((transfer) => transfer.abort(reason));
    this.#fail('aborted', new TransferError('aborted', 'The transfer was aborted', { cause: reason }));
  }

  [Symbol.asyncIterator]() {
    return this.#feed[Symbol.asyncIterator]();
  }

  get [Symbol.toStringTag]() {
    return 'Transfer';
  }

  #follow(signal) {
    if (!signal) return;
    const abort = () => this.abort(signal.reason);
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort);
    this.#cleanUp.push(() => signal.removeEventListener('abort', abort));
  }

  async #begin(open, start) {
    try {
      this.#engine = await open();
      if (this.#settled) {
        this.#leave();
        return;
      }
      this.#cleanUp.push(this.#engine.onDeath((error) => this.#die(error)));
      const transfer = this.#engine.call((glue) => start(glue, this.#observer()));
      if (this.#settled) return;
      this.#engineTransfer = transfer;
      if (this.#paused) {
        this.#read((started) => started.pause());
        this.#leave();
      }
    } catch (error) {
      this.#fail('failed', asTransferError(error));
    }
  }

  // The engine's side: it reports here, and stays silent once the transfer is settled.
  #observer() {
    return {
      // Asked for by the few of thousands that are large enough to be left to another tab.
      tabs: () => (this.#tabs ??= this.#amongTabs()),
      onState: (state) => {
        if (!this.#settled && !isFinal(state)) this.#enter(state);
      },
      onProgress: (progress) => {
        // The last one comes with the outcome.
        if (this.#settled || isFinal(progress.state)) return;
        const shown = this.#shown(progress);
        this.#tabs?.tell(shown);
        this.#enter(shown.state);
        if (!this.#settled) this.#advance(shown);
      },
      onSettled: (result, shape) => {
        if (shape) this.#fail(shape.code === 'aborted' ? 'aborted' : 'failed', asTransferError(shape, this.#thrown()));
        else this.#settle('done', () => this.#resolve(result));
      },
    };
  }

  #amongTabs() {
    return new Tabs({
      foremost: () => this.#read((transfer) => transfer.foremost()),
      displaced: () => {
        // It steps back and gets in line again, at once: the page sees it queued and not paused.
        this.#read((transfer) => transfer.pause());
        this.#read((transfer) => transfer.resume());
      },
      // What is not paused is only shown anew by that, at the next frame.
      follow: () => this.#read((transfer) => transfer.resume()),
    });
  }

  #shown(own) {
    return this.#tabs?.shown(own) ?? own;
  }

  #die(error) {
    this.#tabs?.stepBack();
    this.#fail('failed', error);
  }

  #fail(state, error) {
    this.#settle(state, () => this.#reject(error));
  }

  #settle(state, conclude) {
    if (this.#settled) return;
    // What the engine knew last; its handle is not asked again.
    const last = { ...this.progress, state };
    void this.chunks;
    this.report();
    this.#settled = true;
    // Left to the collector: freeing it here could happen inside one of its own methods.
    this.#engineTransfer = undefined;
    for (const undo of this.#cleanUp) undo();
    conclude();
    this.#advance(last);
    this.#enter(state);
    this.#feed.end();
  }

  #enter(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#progress = { ...this.#progress, state };
    if (state !== 'queued') this.#leave();
    tellPage(this.#listeners.onState, state);
  }

  #advance(progress) {
    this.#progress = progress;
    this.#feed.push(progress);
    tellPage(this.#listeners.onProgress, progress);
  }

  #read(use) {
    if (!this.#engineTransfer || this.#engine.dead) return undefined;
    try {
      return this.#engine.call(() => use(this.#engineTransfer));
    } catch {
      // The engine died of it, and with it, through `onDeath`, this transfer.
      return undefined;
    }
  }
}

const isFinal = (state) => state === 'done' || state === 'failed' || state === 'aborted';

function nothingYet(total) {
  return {
    state: 'queued',
    total,
    hashed: 0,
    sent: 0,
    confirmed: 0,
    reused: 0,
    speed: 0,
    eta: null,
    waitingFor: null,
  };
}

// A callback that throws is the page's bug: it shows as an uncaught error there and does not reach the engine.
function tellPage(callback, value) {
  if (!callback) return;
  try {
    callback(value);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}
