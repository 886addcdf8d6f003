import { nextTask } from './sleep.js';

// How many go through in one task: a call into the engine takes some tenths of a millisecond.
const AT_ONCE = 16;

/** Lets callers through a few in each task, so that ten thousand calls in one go are no long task of the page. */
export class Batches {
  #left = AT_ONCE;
  #waiting = [];
  #asked = false;

  /** Resolves in the task of the caller's batch. */
  async join() {
    this.#askForTask();
    if (this.#left === 0) await new Promise((resolve) => this.#waiting.push(resolve));
    else this.#left -= 1;
  }

  /** Asks for the task of the next batch. */
  #askForTask() {
    if (this.#asked) return;
    this.#asked = true;
    nextTask(() => {
      this.#asked = false;
      const next = this.#waiting.splice(0, AT_ONCE);
      this.#left = AT_ONCE - next.length;
      for (const resolve of next) resolve();
      if (next.length > 0) this.#askForTask();
    });
  }
}
