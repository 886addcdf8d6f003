import { version } from './engine.js';

// A worker that has not said it is ready by then counts as one that can't start.
const READY_WITHIN = 5000;

/** Starts workers in the first of several ways that works here. */
export class WorkerSpawner {
  #module;
  #ways;

  constructor(module, ways) {
    this.#module = module;
    this.#ways = ways.filter(Boolean);
  }

  /** Resolves with a worker that serves the engine, or with null where none can be had. */
  async spawn() {
    while (this.#ways.length > 0) {
      const [way] = this.#ways;
      const worker = await start(way, this.#module);
      if (worker) return worker;
      // What fails once (a policy, a missing file) fails each time, and may take the whole limit to do so.
      this.#ways = this.#ways.filter((other) => other !== way);
    }
    return null;
  }
}

const urls = new Map();

/** Starts a worker from source text, for pages that can't load a worker's file. */
export function blobWorker(source) {
  let url = urls.get(source);
  if (!url) {
    // Not revoked: the worker starts a second one from its own address.
    url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    urls.set(source, url);
  }
  return new Worker(url);
}

// A worker that can't start shows it in four ways, which differ by browser and cause: a throw, `error`,
// `messageerror`, or silence.
async function start(way, module) {
  let worker;
  try {
    worker = await way();
  } catch {
    return null;
  }
  return worker ? handshake(worker, module) : null;
}

function handshake(worker, module) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const settle = (usable) => {
      clearTimeout(timer);
      listening.abort();
      if (!usable) worker.terminate();
      resolve(usable ? worker : null);
    };
    const timer = setTimeout(() => settle(false), READY_WITHIN);
    const on = (type, listener) => worker.addEventListener(type, listener, { signal: listening.signal });
    on('message', ({ data }) => {
      if (data?.t === 'ready') settle(data.version === version);
    });
    on('messageerror', () => settle(false));
    on('error', (event) => {
      event.preventDefault();
      settle(false);
    });
    try {
      worker.postMessage({ t: 'init', module });
    } catch {
      settle(false);
    }
  });
}
