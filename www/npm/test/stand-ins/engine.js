// Stands in for the generated `engine.js`: glue around a real instance, which can trap, that notes what it is told.

export const version = '1.2.3';

/** All that were made, the latest last. */
export const glues = [];

export function createEngine(wasm, readAhead) {
  const glue = new Glue(wasm, readAhead);
  glues.push(glue);
  return glue;
}

class Glue {
  /** What the engine was told, in order. */
  told = [];
  /** Admits who knocks at once. */
  admits = true;
  /** What the instance's import does. */
  callBack = () => {};
  #wasm;

  constructor(wasm, readAhead) {
    this.#wasm = wasm;
    this.readAhead = readAhead;
  }

  initSync({ module }) {
    const instance = new this.#wasm.Instance(module, { env: { call: () => this.callBack() } });
    this.exports = instance.exports;
  }

  setWorkerSource(source) {
    this.workerSource = source;
  }

  setSchedulerHost(turns, admission) {
    this.turns = turns;
    this.admission = admission;
  }

  serveWorker() {
    this.told.push('serve');
  }

  turnEvent(...event) {
    this.exports.answer();
    this.told.push(event);
  }

  knock(count) {
    this.exports.answer();
    this.told.push(['knock', count]);
    for (let left = count; this.admits && left > 0; left -= 1) this.admission.admit();
  }

  withdraw() {
    this.exports.answer();
    this.told.push('withdraw');
  }

  trap() {
    return this.exports.trap();
  }

  // The verbs: what they are given is noted, and they come to what a test has put into `answers`.
  answers = {};

  #answer(verb, given) {
    this.told.push([verb, ...given]);
    return this.answers[verb];
  }

  startUpload(...given) {
    return this.#answer('startUpload', given);
  }

  startDownload(...given) {
    return this.#answer('startDownload', given);
  }

  startPending(...given) {
    return this.#answer('startPending', given);
  }

  async digest(...given) {
    return this.#answer('digest', given);
  }

  async pending() {
    return this.#answer('pending', []);
  }

  async forgetPending(...given) {
    return this.#answer('forgetPending', given);
  }
}
