import { Feed } from './feed.js';
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
  #thrown;
  #engine;
  #engineTransfer;
  #deliver;
  #delivering = false;

  /**
   * @param open `() => Promise<LiveEngine>`
   * @param start `(glue, observer) => EngineTransfer`
   * `thrown` gives what the page's own functions threw last. `deliver(result, signal)` does what is left to do when the
   * engine has ended, and promises the page's result.
   */
  constructor(open, start, { total = 0, signal, onProgress, onState, thrown = ignore, deliver }) {
    this.#listeners = { onProgress, onState };
    this.#thrown = thrown;
    this.#deliver = deliver;
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
    if (!this.#settled && !this.#delivering) {
      this.#progress = this.#read((transfer) => transfer.progress()) ?? this.#progress;
    }
    return this.#progress;
  }

  get chunks() {
    if (!this.#settled) this.#chunks = this.#read((transfer) => transfer.chunks()) ?? this.#chunks;
    return this.#chunks;
  }

  report() {
    if (!this.#settled) this.#report = this.#read((transfer) => transfer.report()) ?? this.#report;
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
      const engine = await admittedTo(open);
      if (this.#settled) {
        engine.withdraw();
        return;
      }
      this.#engine = engine;
      this.#cleanUp.push(engine.onDeath((error) => this.#fail('failed', error)));
      const transfer = this.#started(engine, start);
      if (this.#settled) return;
      this.#engineTransfer = transfer;
      if (this.#paused) this.#read((started) => started.pause());
    } catch (error) {
      this.#fail('failed', asTransferError(error));
    }
  }

  #started(engine, start) {
    try {
      return engine.call((glue) => start(glue, this.#observer()));
    } catch (error) {
      engine.withdraw();
      throw error;
    }
  }

  // The engine's side: it reports here, and stays silent once the transfer is settled.
  #observer() {
    return {
      onState: (state) => {
        if (!this.#settled && !isFinal(state)) this.#enter(state);
      },
      onProgress: (progress) => {
        // The last one comes with the outcome.
        if (this.#settled || isFinal(progress.state)) return;
        this.#enter(progress.state);
        if (!this.#settled) this.#advance(progress);
      },
      onSettled: (result, shape) => {
        if (shape) this.#fail(shape.code === 'aborted' ? 'aborted' : 'failed', asTransferError(shape, this.#thrown()));
        else if (this.#deliver) this.#handOut(result);
        else this.#settle('done', () => this.#resolve(result));
      },
    };
  }

  async #handOut(result) {
    const last = this.progress;
    this.#delivering = true;
    this.#advance({ ...last, state: 'finishing' });
    this.#enter('finishing');
    const leaving = new AbortController();
    this.#cleanUp.push(() => leaving.abort());
    try {
      const handed = await this.#deliver(result, leaving.signal);
      this.#settle('done', () => this.#resolve(handed));
    } catch (error) {
      this.#fail('failed', asTransferError(error));
    }
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
    // Asked, the engine may have died, and with it this transfer.
    if (this.#settled) return;
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

// An engine that ends while the transfer waits is followed by another one.
async function admittedTo(open) {
  for (;;) {
    const engine = await open();
    if (await engine.admission()) return engine;
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
