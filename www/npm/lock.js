import { sleep, within } from './sleep.js';

// How long a lock that nobody holds may stay ungranted, and the browser may take to say who holds it.
const SOON = 250;
const SILENCE = 1000;

/**
 * One Web Lock, from the question to its end. Whoever asks for a lock that nobody holds and gets no answer has it without
 * the browser's word, as where there are no locks: a transfer is not lost to them.
 *
 * No abort signals: a page may have some of its own, which the browser does not take. What was asked for and is not wanted
 * any more is given back as soon as it is granted.
 */
export class Lock {
  #name;
  #hears;
  #state = 'asking';
  #why = null;
  #release;

  /** `hears.granted()`, `hears.waits()`: somebody else holds it, and `hears.lost()`: it was taken away. Each at most once. */
  constructor(name, hears) {
    this.#name = name;
    this.#hears = hears;
  }

  get isAsking() {
    return this.#state === 'asking';
  }

  get isMine() {
    return this.#state === 'held' || this.#state === 'without';
  }

  /** Why it is had without the browser's word; null if it is not. */
  get why() {
    return this.#why;
  }

  ask() {
    this.#request({});
    this.#watch();
  }

  /** Takes it away from whoever holds it. */
  async take() {
    this.#request({ steal: true });
    await sleep(SILENCE);
    this.#goWithout(`the lock was not granted in ${SILENCE} ms`);
  }

  leave() {
    this.#state = 'left';
    this.#release?.();
  }

  async #request(options) {
    let held = false;
    const hold = () => {
      const before = this.#state;
      // Left meanwhile, or had by another request of ours.
      if (before === 'left' || before === 'held') return undefined;
      held = true;
      this.#state = 'held';
      this.#why = null;
      if (before === 'asking') this.#hears.granted();
      return new Promise((release) => {
        this.#release = release;
        if (this.#state === 'left') release();
      });
    };
    try {
      await navigator.locks.request(this.#name, options, hold);
    } catch (cause) {
      if (!held) this.#goWithout(`${cause?.name}: ${cause?.message}`);
      else if (this.#state === 'held') {
        this.#state = 'left';
        this.#hears.lost();
      }
    }
  }

  // Who waits for another tab waits; who waits for the browser does not.
  async #watch() {
    await sleep(SOON);
    for (let silent = 0; this.isAsking; ) {
      const held = await heldLocks();
      if (!this.isAsking) return;
      if (held?.has(this.#name)) {
        this.#hears.waits();
        return;
      }
      // It may have been given back this moment, and be on its way here.
      silent += held ? 1 : 2;
      if (silent > 1) this.#goWithout('the browser does not answer who asks for locks');
      else await sleep(SILENCE - SOON);
    }
  }

  #goWithout(why) {
    if (!this.isAsking) return;
    this.#state = 'without';
    this.#why = why;
    this.#hears.granted();
  }
}

/** The names of the locks that are held; undefined where the browser does not say. */
export async function heldLocks() {
  try {
    const { held } = await within(SILENCE, navigator.locks.query());
    return new Set(held.map(({ name }) => name));
  } catch {
    return undefined;
  }
}
