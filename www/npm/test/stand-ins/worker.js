// A worker without a thread: the test is its other end.

export class FakeWorker extends EventTarget {
  /** What it was told, in order. */
  told = [];
  terminated = false;

  /** `behave(worker, message)` is called with each message that it is told. */
  constructor(behave = () => {}) {
    super();
    this.behave = behave;
  }

  postMessage(message) {
    this.told.push(message);
    queueMicrotask(() => this.behave(this, message));
  }

  terminate() {
    this.terminated = true;
  }

  /** Says something to its owner. */
  say(data) {
    this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }

  /** Fails in one of the ways in which a worker can; tells whether its owner has taken the failure for handled. */
  fail(type, message) {
    const event = Object.assign(new Event(type, { cancelable: true }), { message });
    return !this.dispatchEvent(event);
  }
}

/** A worker that serves an engine of this version. */
export const serving = (version) =>
  new FakeWorker((worker, { t }) => t === 'init' && worker.say({ t: 'ready', version }));
