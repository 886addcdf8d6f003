import { sleep, within } from './sleep.js';

// How long the browser may take to say who holds locks.
const SILENCE = 1000;

/**
 * The Web Locks and channels of transfers that share their files with other tabs, as the engine asks for them. What comes
 * of them is told to `hear(turn, kind, value)`. Nothing is decided here.
 *
 * No abort signals: a page may have some of its own, which the browser does not take. What was asked for and is not wanted
 * any more is given back as soon as it is granted.
 */
export class Turns {
  #hear;
  #turns = new Map();

  constructor(hear) {
    this.#hear = hear;
  }

  openChannel(turn, key) {
    this.#of(turn).channel = openChannel(key, (message) => this.#tell(turn, 'message', message));
  }

  /** Hears what this tab says as well. */
  echo(turn, key) {
    const it = this.#of(turn);
    it.echo = openChannel(key, () => this.#tell(turn, 'echo'));
  }

  post(turn, message) {
    try {
      this.#of(turn).channel?.postMessage(message);
    } catch {
      // The others see the lock.
    }
  }

  async requestLock(turn, key, steal) {
    const it = this.#of(turn);
    let held = false;
    const hold = () => {
      // Given back meanwhile, or had by another request of the same turn.
      if (it.released || it.giveBack) return undefined;
      held = true;
      return new Promise((giveBack) => {
        it.giveBack = giveBack;
        this.#tell(turn, 'granted');
      });
    };
    try {
      await navigator.locks.request(lockOf(key), steal ? { steal } : {}, hold);
    } catch (cause) {
      if (held) this.#tell(turn, 'lost');
      else this.#tell(turn, 'refused', `${cause?.name}: ${cause?.message}`);
    }
  }

  async queryLock(turn, key) {
    const held = await heldLocks();
    this.#tell(turn, 'queried', held?.has(lockOf(key)));
  }

  release(turn) {
    const it = this.#of(turn);
    it.released = true;
    it.giveBack?.();
    it.channel?.close();
    it.echo?.close();
    this.#turns.delete(turn);
  }

  /** Gives everything back, when the engine has died. */
  releaseAll() {
    for (const turn of this.#turns.keys()) this.release(turn);
  }

  #of(turn) {
    if (!this.#turns.has(turn)) this.#turns.set(turn, { released: false });
    return this.#turns.get(turn);
  }

  #tell(turn, kind, value) {
    if (this.#turns.has(turn)) this.#hear(turn, kind, value);
  }
}

/** Leaves out of `shapes` the uploads that another tab is at. */
export async function withoutOthers(shapes) {
  const isFree = (held) => ({ key }) => !held?.has(lockOf(key));
  let held = await heldLocks();
  if (!shapes.every(isFree(held))) {
    // The locks of the page that was here before a reload are given back soon.
    await sleep(200);
    held = await heldLocks();
  }
  return shapes.filter(isFree(held));
}

/** The names of the locks that are held; undefined where the browser does not say. */
async function heldLocks() {
  try {
    const { held } = await within(SILENCE, navigator.locks.query());
    return new Set(held.map(({ name }) => name));
  } catch {
    return undefined;
  }
}

const lockOf = (key) => `xuchuan ${key}`;

function openChannel(key, hear) {
  try {
    const channel = new BroadcastChannel(lockOf(key));
    channel.onmessage = ({ data }) => hear(data);
    return channel;
  } catch {
    return undefined;
  }
}
