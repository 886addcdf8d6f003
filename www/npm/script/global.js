// First, next to the engine's glue, of which it has a copy: gzip looks 32 KB back.
import { workerSource } from '../worker-source.js';
import { blobWorker } from '../spawn.js';
import { createShell } from '../shell.js';
import { serve } from '../serve.js';

// The script is its own worker, told by its name: no file beside it, and no `blob:` in the page's policy.
const WORKER_NAME = 'xuchuan-worker';

/** What the drop-in script does when it runs: serve, in a worker of ours; else define the global, once. */
export function runScript(assets) {
  if (typeof document === 'undefined' && globalThis.name === WORKER_NAME) serve(globalThis);
  else if (!isShell(globalThis.xuchuan)) define(Object.freeze(createShell(assets)));
}

// An element with the id `xuchuan` has that name, too.
function isShell(value) {
  return typeof value?.upload === 'function';
}

function define(shell) {
  Object.defineProperty(globalThis, 'xuchuan', { value: shell, configurable: true, enumerable: true, writable: true });
}

/** The ways to start a worker from a script at `url`. */
export function workersOf(url) {
  const fromSource = () => blobWorker(workerSource);
  const fromScript = () => new Worker(url, { name: WORKER_NAME });
  // Browsers refuse a worker from another origin, some only after a while.
  return isSameOrigin(url) ? [fromScript, fromSource] : [fromSource];
}

function isSameOrigin(url) {
  return url !== '' && new URL(url).origin === globalThis.location?.origin;
}
