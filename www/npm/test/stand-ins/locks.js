// Web Locks as far as the shell uses them: exclusive, in the order of asking, to be stolen
// (https://www.w3.org/TR/web-locks/).

export class LockManager {
  #held = new Map();
  #queue = [];

  request(name, { steal = false }, callback) {
    return new Promise((resolve, reject) => {
      const request = { name, callback, resolve, reject };
      if (steal) {
        const holder = this.#held.get(name);
        this.#held.delete(name);
        holder?.reject(new DOMException('Lock broken by another request with the "steal" option.', 'AbortError'));
        this.#queue.unshift(request);
      } else {
        this.#queue.push(request);
      }
      this.#grant();
    });
  }

  async query() {
    const named = ({ name }) => ({ name, mode: 'exclusive', clientId: '' });
    return { held: [...this.#held.values()].map(named), pending: this.#queue.map(named) };
  }

  #grant() {
    const free = this.#queue.find(({ name }) => !this.#held.has(name));
    if (!free) return;
    this.#queue.splice(this.#queue.indexOf(free), 1);
    this.#held.set(free.name, free);
    this.#hold(free);
    this.#grant();
  }

  async #hold(request) {
    // Not within the call that asks.
    await null;
    try {
      request.resolve(await request.callback({ name: request.name, mode: 'exclusive' }));
    } catch (error) {
      request.reject(error);
    }
    if (this.#held.get(request.name) !== request) return;
    this.#held.delete(request.name);
    this.#grant();
  }
}
