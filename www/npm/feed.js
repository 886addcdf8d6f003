/** The latest of a series of values, for any number of readers: who is slow misses values, and nothing queues up. */
export class Feed {
  #value;
  #version = 0;
  #ended = false;
  // Made for who waits: most of thousands have no reader.
  #change = null;

  push(value) {
    this.#value = value;
    this.#version += 1;
    this.#wake();
  }

  end() {
    this.#ended = true;
    this.#wake();
  }

  /** Each reader gets the value there is, then every later one it is in time for. */
  async *[Symbol.asyncIterator]() {
    let seen = 0;
    for (;;) {
      if (seen !== this.#version) {
        seen = this.#version;
        yield this.#value;
      } else if (this.#ended) {
        return;
      } else {
        this.#change ??= signal();
        await this.#change.promise;
      }
    }
  }

  #wake() {
    const change = this.#change;
    this.#change = null;
    change?.resolve();
  }
}

function signal() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
