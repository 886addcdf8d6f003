import { Admission } from './admission.js';
import { Turns } from './turns.js';
import { createEngine } from './engine.js';
import { watchTraps } from './traps.js';
import { TransferError } from './errors.js';

/** One instance of the engine, from its start to the trap that may end it. */
export class LiveEngine {
  #glue;
  #death;
  #mourners = new Set();
  #turns = new Turns((...event) => this.#tell((glue) => glue.turnEvent(...event)));
  #admission = new Admission((count) => this.#tell((glue) => glue.knock(count)));

  constructor(module, workerSource) {
    this.#glue = createEngine(watchTraps((error) => this.#die(error)));
    this.#glue.initSync({ module });
    this.call((glue) => {
      glue.setWorkerSource(workerSource);
      glue.setSchedulerHost(this.#turns, this.#admission);
    });
  }

  /** Resolves with true when the engine takes one more transfer in, with false if it ends before that. */
  admission() {
    return this.#death ? Promise.resolve(false) : this.#admission.wait();
  }

  /** Notes that one that was admitted does not come. */
  withdraw() {
    this.#tell((glue) => glue.withdraw());
  }

  get dead() {
    return this.#death !== undefined;
  }

  /** Calls into the engine; throws a `TransferError` of code `engine` if that killed it. */
  call(use) {
    let value;
    try {
      value = this.#death ? undefined : use(this.#glue);
    } catch (error) {
      // Of a dying engine the glue reads nonsense: the death is the cause, not that.
      if (!this.#death) throw error;
    }
    if (this.#death) throw this.#death;
    return value;
  }

  /** As `call`, for what returns a promise, which a dead engine would never settle. */
  async ask(use) {
    // First: if it dies of the call, nobody would hear of the second promise's rejection.
    const answer = this.call(use);
    let unwatch;
    const death = new Promise((_, reject) => {
      unwatch = this.onDeath(reject);
    });
    try {
      return await Promise.race([answer, death]);
    } finally {
      unwatch();
    }
  }

  /** Has `mourn(error)` called if the engine dies; returns the function that takes that back. */
  onDeath(mourn) {
    this.#mourners.add(mourn);
    return () => this.#mourners.delete(mourn);
  }

  // For what has no answer: whoever waits for one hears of the engine's end by `onDeath`.
  #tell(use) {
    try {
      this.call(use);
    } catch {
      // It has died.
    }
  }

  #die(cause) {
    this.#death = new TransferError(
      'engine',
      `The engine stopped (${cause}). Start the transfer again: a fresh engine loads by itself and goes on from what was confirmed.`,
      { retryable: true, cause },
    );
    for (const mourn of this.#mourners) mourn(this.#death);
    this.#mourners.clear();
    this.#turns.releaseAll();
    this.#admission.close();
  }
}
