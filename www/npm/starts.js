// So many that wait in the engine are enough for it to have the next one at hand.
const AHEAD = 32;

/** Hands uploads to the engine as it takes them up: of thousands, all others cost no more than their handles. */
export class Starts {
  #waiting = [];
  #passed = 0;
  #queued = 0;

  /** Resolves when the next one may start, with what is to be called when it no longer waits in the engine. */
  next() {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#fill();
    });
  }

  #fill() {
    while (this.#queued < AHEAD && this.#passed < this.#waiting.length) {
      this.#queued += 1;
      this.#waiting[this.#passed](this.#leave());
      this.#passed += 1;
    }
    if (this.#passed < this.#waiting.length) return;
    this.#waiting = [];
    this.#passed = 0;
  }

  #leave() {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#queued -= 1;
      this.#fill();
    };
  }
}
