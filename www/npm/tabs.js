/**
 * The place of one upload among those of the same file, in this tab and others. A Web Lock says whose turn it is, and a
 * channel tells those who wait how far that one is. Where a browser has no locks, or refuses them, each has its turn at once.
 */
export class Tabs {
  #transfer;
  #channel;
  #place;
  #mine = false;
  #told;
  #confirmed = 0;

  /** `transfer` hears `foremost()` when its turn has come, and `follow()` when it has something new to show or to tell. */
  constructor(transfer) {
    this.#transfer = transfer;
  }

  /** Waits for the turn; called by the engine. */
  lineUp(name) {
    this.stepBack();
    this.#place = new AbortController();
    this.#channel = openChannel(lockOf(name), (message) => this.#hear(message));
    // Whoever has the turn tells where it stands.
    this.#channel?.postMessage(null);
    this.#wait(lockOf(name), this.#place.signal);
  }

  /** Leaves the turn, or the wait for it, to the others; called by the engine, and when that has died. */
  stepBack() {
    this.#mine = false;
    this.#told = undefined;
    this.#place?.abort();
    this.#channel?.close();
  }

  /** Tells those who wait, if it has the turn. */
  tell(progress) {
    if (this.#mine) this.#channel?.postMessage(progress);
  }

  /** Shows the counts of whoever has the turn as those of one that waits. What was told confirmed stays so. */
  shown(own) {
    const { state, hashed, speed, eta, waitingFor } = own.state === 'queued' && this.#told ? this.#told : own;
    const theirs = Math.max(this.#confirmed - own.confirmed, 0);
    const [confirmed, reused] = [own.confirmed + theirs, own.reused + theirs];
    return { ...own, state, hashed, speed, eta, waitingFor, confirmed, reused };
  }

  async #wait(name, signal) {
    const begin = () => {
      if (this.#mine || signal.aborted) return undefined;
      this.#mine = true;
      this.#transfer.foremost();
      // The lock is held until then.
      return new Promise((leave) => signal.addEventListener('abort', leave));
    };
    // It may be called while the engine has not yet returned the transfer's handle.
    await undefined;
    try {
      await navigator.locks.request(name, { signal }, begin);
    } catch {
      begin();
    }
  }

  #hear(told) {
    // Who has the turn is asked, who waits is told.
    if (this.#mine !== !told || this.#place.signal.aborted) return;
    if (told) {
      // What has ended or was paused elsewhere is no news here: its turn goes to somebody else now.
      if (['paused', 'done', 'failed', 'aborted'].includes(told.state)) return;
      this.#told = told;
      this.#confirmed = Math.max(this.#confirmed, told.confirmed);
    }
    this.#transfer.follow();
  }
}

/** Leaves out of `shapes` the uploads that another tab is at. */
export async function withoutOthers(shapes) {
  let held = await heldLocks();
  const isFree = ({ key }) => !held.has(lockOf(key));
  if (!shapes.every(isFree)) {
    // The locks of the page that was here before a reload are given back soon.
    await new Promise((resolve) => setTimeout(resolve, 200));
    held = await heldLocks();
  }
  return shapes.filter(isFree);
}

const lockOf = (key) => `xuchuan ${key}`;

async function heldLocks() {
  try {
    const { held } = await navigator.locks.query();
    return new Set(held.map(({ name }) => name));
  } catch {
    return new Set();
  }
}

function openChannel(name, hear) {
  try {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => hear(data);
    return channel;
  } catch {
    return undefined;
  }
}
