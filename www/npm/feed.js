/** The latest of a series of values, for any number of readers: who is slow misses values, and nothing queues up. */
export class Feed {
  #value;
  #version = 0;
  #ended = false;
  #change = signal();

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
        await this.#change.promise;
      }
    }
  }

  #wake() {
    const { resolve } = this.#change;
    this.#change = signal();
    resolve();
  }
}

function signal() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
