import { Lock, heldLocks } from './lock.js';
import { sleep } from './sleep.js';

// Whose turn it is answers within milliseconds, seen or not: messages are not held back as timers are. Three questions
// without an answer are a tab that stands still: in a dialog, in a debugger, in a long task.
const ASK_EVERY = 3500;
const UNANSWERED = 3;
const ENDED = ['paused', 'done', 'failed', 'aborted'];
// What the one whose turn it is says before it knows anything.
const NOTHING_YET = { state: 'queued', hashed: 0, speed: 0, eta: null, waitingFor: null, confirmed: 0 };

/**
 * The place of one upload among those of the same file, in this tab and others. A Web Lock says whose turn it is, and a
 * channel tells those who wait how far that one is, and that it is alive. Where a browser has no locks, or refuses them,
 * each has its turn at once.
 */
export class Tabs {
  #transfer;
  #channel;
  #lock;
  // Somebody else has the turn.
  #waits = false;
  #heard = false;
  #told;
  #confirmed = 0;
  #last = NOTHING_YET;
  #lost = 0;

  /**
   * `transfer` hears `foremost()` when its turn has come, `displaced()` when that was taken away, and `follow()` when it
   * has something new to show or to tell.
   */
  constructor(transfer) {
    this.#transfer = transfer;
  }

  /** How the turn is kept, for the report. */
  get environment() {
    if (!this.#lock) return null;
    const { why } = this.#lock;
    return { kind: why === null ? 'locks' : 'none', why };
  }

  /** Waits for the turn; called by the engine. */
  lineUp(key) {
    this.stepBack();
    const name = lockOf(key);
    this.#channel = openChannel(name, (message) => this.#hear(message));
    const lock = new Lock(name, {
      granted: () => this.#begin(),
      waits: () => this.#wait(lock, name),
      lost: () => this.#giveWay(),
    });
    this.#lock = lock;
    // Whoever has the turn tells where it stands.
    this.#post(null);
    // The engine may not yet have returned the transfer's handle.
    Promise.resolve().then(() => lock.isAsking && lock.ask());
  }

  /** Leaves the turn, or the wait for it, to the others; called by the engine, and when that has died. */
  stepBack() {
    this.#waits = false;
    this.#told = undefined;
    this.#last = NOTHING_YET;
    this.#lock?.leave();
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** Tells those who wait, if it has the turn. */
  tell(progress) {
    this.#last = progress;
    if (this.#lock?.isMine) this.#post(progress);
  }

  /** Shows the counts of whoever has the turn as those of one that waits. What was told confirmed stays so. */
  shown(own) {
    const queued = own.state === 'queued';
    const { state, hashed, speed, eta, waitingFor: reason } = queued && this.#told ? this.#told : own;
    const waitingFor = reason ?? (queued && this.#waits ? { reason: 'another-tab', until: null, cause: null } : null);
    const theirs = Math.max(this.#confirmed - own.confirmed, 0);
    const [confirmed, reused] = [own.confirmed + theirs, own.reused + theirs];
    return { ...own, state, hashed, speed, eta, waitingFor, confirmed, reused };
  }

  #begin() {
    this.#waits = false;
    this.#transfer.foremost();
  }

  // This tab stood still, and another one went on: it waits for that as for any other.
  #giveWay() {
    this.#lost += 1;
    this.#transfer.displaced();
  }

  /** Shows that it waits, and asks now and then whether whoever has the turn is alive. */
  async #wait(lock, name) {
    this.#waits = true;
    this.#transfer.follow();
    // It hears what this tab asks: only where messages arrive does silence mean anything.
    let arrives = false;
    const echo = openChannel(name, () => {
      arrives = true;
    });
    // Who was displaced has more patience: two tabs that do not hear each other do not take turns in taking turns.
    const limit = UNANSWERED * 2 ** this.#lost;
    for (let silent = 0; silent < limit && this.#lock === lock && lock.isAsking; ) {
      this.#heard = false;
      this.#post(null);
      // Of several that wait one is first, and the others hear it.
      await sleep(ASK_EVERY + 1000 * Math.random());
      silent = arrives && !this.#heard ? silent + 1 : 0;
    }
    echo?.close();
    if (this.#lock === lock && lock.isAsking) lock.take();
  }

  #hear(told) {
    if (this.#lock?.isMine) {
      // Who waits asks by saying nothing.
      if (told) return;
      this.#post(this.#last);
      this.#transfer.follow();
    } else if (told && this.#lock?.isAsking) {
      this.#heard = true;
      // What has ended or was paused elsewhere is no news here: its turn goes to somebody else now.
      if (ENDED.includes(told.state)) return;
      this.#told = told;
      this.#confirmed = Math.max(this.#confirmed, told.confirmed);
      this.#transfer.follow();
    }
  }

  #post(message) {
    try {
      this.#channel?.postMessage(message);
    } catch {
      // The others see the lock.
    }
  }
}

/** Leaves out of `shapes` the uploads that another tab is at. */
export async function withoutOthers(shapes) {
  let held = (await heldLocks()) ?? new Set();
  const isFree = ({ key }) => !held.has(lockOf(key));
  if (!shapes.every(isFree)) {
    // The locks of the page that was here before a reload are given back soon.
    await sleep(200);
    held = (await heldLocks()) ?? new Set();
  }
  return shapes.filter(isFree);
}

const lockOf = (key) => `xuchuan ${key}`;

function openChannel(name, hear) {
  try {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => hear(data);
    return channel;
  } catch {
    return undefined;
  }
}
