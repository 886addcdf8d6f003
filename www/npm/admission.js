/** Those that wait until the engine takes them in: of thousands, they cost no more than their handles. */
export class Admission {
  #knock;
  #waiting = [];
  // How many of them were admitted.
  #admitted = 0;
  // How many the engine has not been told of.
  #arrived = 0;

  /** `knock(count)` tells the engine that so many more wait. */
  constructor(knock) {
    this.#knock = knock;
  }

  /** Resolves with true when the caller is admitted, with false if the engine ended before that. */
  wait() {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#arrived += 1;
      // Ten thousand that come in one go are one call.
      if (this.#arrived === 1) Promise.resolve().then(() => this.#tell());
    });
  }

  /** Admits the one that has waited longest; the engine calls it. */
  admit() {
    if (this.#admitted === this.#waiting.length) return;
    const next = this.#waiting[this.#admitted];
    this.#admitted += 1;
    if (this.#admitted === this.#waiting.length) {
      this.#waiting = [];
      this.#admitted = 0;
    }
    next(true);
  }

  /** Sends everybody away, when the engine has died. */
  close() {
    const left = this.#waiting.slice(this.#admitted);
    this.#waiting = [];
    this.#admitted = 0;
    for (const resolve of left) resolve(false);
  }

  #tell() {
    const arrived = this.#arrived;
    this.#arrived = 0;
    this.#knock(arrived);
  }
}
