// A clock that stands still until a test lets time pass.
import { setGlobal, settled } from './globals.js';

export class Clock {
  #now = 0;
  #last = 0;
  #timers = new Map();

  /** Has the timers of one test run by this clock. */
  constructor(t) {
    setGlobal(t, 'setTimeout', (run, ms) => {
      this.#last += 1;
      this.#timers.set(this.#last, { run, at: this.#now + (ms ?? 0) });
      return this.#last;
    });
    setGlobal(t, 'clearTimeout', (id) => this.#timers.delete(id));
  }

  /** How many timers are set. */
  get pending() {
    return this.#timers.size;
  }

  /** Lets so many milliseconds pass. */
  async pass(ms) {
    await settled();
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [id, { run, at }] = due;
      this.#timers.delete(id);
      this.#now = at;
      run();
      await settled();
    }
    this.#now = end;
  }
}
