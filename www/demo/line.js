// The line in front of the engine: at most three transfers of a kind at once, the others wait here.
const LIMIT = 3;

export class Line {
  #waiting = [];
  #started = new Set();

  add(job) {
    this.#waiting.push(job);
    this.#fill();
  }

  /** To be called when a job's state may have changed. */
  changed(job) {
    if (job.settled) this.#started.delete(job);
    this.#fill();
  }

  #fill() {
    while (this.#waiting.length > 0 && this.#active() < LIMIT) {
      const job = this.#waiting.shift();
      if (job.settled || job.transfer !== null) continue;
      this.#started.add(job);
      job.start();
    }
  }

  #active() {
    let count = 0;
    for (const job of this.#started) if (job.active) count += 1;
    return count;
  }
}
