import { version } from './engine.js';
import { startWorker } from './trusted.js';

// A worker that has not said it is ready by then counts as one that can't start.
const READY_WITHIN = 5000;

/** Starts workers in the first of several ways that works here. */
export class WorkerSpawner {
  #module;
  #ways;
  #failures = [];
  #warned = false;

  constructor(module, ways) {
    this.#module = module;
    this.#ways = ways.filter(Boolean);
  }

  /** Resolves with a worker that serves the engine; rejects where none can be had, and says why. */
  async spawn() {
    while (this.#ways.length > 0) {
      const [way] = this.#ways;
      try {
        return await start(way, this.#module);
      } catch (cause) {
        // What fails once (a policy, a missing file) fails each time, and may take the whole limit to do so.
        if (this.#ways.includes(way)) this.#failures.push(cause.message);
        this.#ways = this.#ways.filter((other) => other !== way);
      }
    }
    const failure = `no worker starts here (${this.#failures.join('; ')})`;
    this.#warn(failure);
    throw new Error(failure);
  }

  // Once: a page works without, only slower, and nobody would look for the reason.
  #warn(failure) {
    if (this.#warned) return;
    this.#warned = true;
    console.warn(
      `xuchuan: ${failure}, so files are hashed on this thread, which is slower. The README says what a ` +
        'Content-Security-Policy and Trusted Types must allow; init({ worker }) names another way.',
    );
  }
}

const urls = new Map();

/** Starts a worker called `name` from source text. */
export function blobWorker(source, name = '') {
  let url = urls.get(source);
  if (!url) {
    // Not revoked: the worker starts a second one from its own address.
    url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    urls.set(source, url);
  }
  return startWorker(url, { name });
}

/** Starts a worker from its file, which may be a module. */
export const fileWorker = (url, name = '') => startWorker(url, { type: 'module', name });

// A worker that can't start shows it in four ways, which differ by browser and cause: a throw, `error`,
// `messageerror`, or silence.
async function start(way, module) {
  const worker = await way();
  if (typeof worker?.terminate !== 'function') throw new Error('the page gave none');
  try {
    await handshake(worker, module);
  } catch (cause) {
    worker.terminate();
    throw cause;
  }
  return worker;
}

function handshake(worker, module) {
  return new Promise((resolve, reject) => {
    const listeners = {
      message: ({ data }) => {
        if (data?.t === 'ready') settle(data.version === version ? null : `its version is ${data.version}`);
      },
      messageerror: () => settle('the engine could not be handed to it'),
      error: (event) => {
        event.preventDefault();
        settle(event.message || 'its script did not load');
      },
    };
    const settle = (failure) => {
      clearTimeout(timer);
      for (const [type, listener] of Object.entries(listeners)) worker.removeEventListener(type, listener);
      if (failure === null) resolve();
      else reject(new Error(failure));
    };
    const timer = setTimeout(() => settle(`it was silent for ${READY_WITHIN} ms`), READY_WITHIN);
    for (const [type, listener] of Object.entries(listeners)) worker.addEventListener(type, listener);
    try {
      worker.postMessage({ t: 'init', module });
    } catch (cause) {
      settle(cause.message);
    }
  });
}
