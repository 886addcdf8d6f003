// How many go through in one task: a call into the engine takes some tenths of a millisecond.
const AT_ONCE = 16;

/** Lets callers through a few in each task, so that ten thousand calls in one go are no long task of the page. */
export class Turnstile {
  #left = AT_ONCE;
  #waiting = [];
  #channel;

  /** Resolves when it is the caller's turn. */
  async pass() {
    this.#nextTask();
    if (this.#left === 0) await new Promise((resolve) => this.#waiting.push(resolve));
    else this.#left -= 1;
  }

  /** Asks for the task in which the next ones go. */
  #nextTask() {
    if (this.#channel) return;
    // A message is a task of its own; timers are held back.
    this.#channel = new MessageChannel();
    this.#channel.port2.onmessage = () => {
      const next = this.#waiting.splice(0, AT_ONCE);
      this.#left = AT_ONCE - next.length;
      for (const resolve of next) resolve();
      if (next.length > 0) this.#channel.port1.postMessage(null);
      else this.#close();
    };
    this.#channel.port1.postMessage(null);
  }

  #close() {
    this.#channel.port1.close();
    this.#channel = undefined;
  }
}
