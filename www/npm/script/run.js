import { blobWorker } from '../spawn.js';
import { createShell } from '../shell.js';
import { decodeBase64 } from '../base64.js';
import { scriptUrl } from './current-script.js';
import { serve } from '../serve.js';
import { wasmFile, wasmIntegrity } from '../wasm-file.js';

// The build makes a drop-in script one function, `script`, and calls it: with the engine in base64 as `inlined`, or without.
/* global script, inlined */

// What a worker of ours is called: the script is its own worker's, too.
const WORKER_NAME = 'xuchuan-worker';

/** What the drop-in script does when it runs: serve, in a worker of ours; else define the global, and what `also(shell)` does. */
export function runScript(kinds, also) {
  if (typeof document === 'undefined' && globalThis.name === WORKER_NAME) {
    serve(globalThis);
    return;
  }
  const shell = createShell(inlined ? { wasm: () => decodeBase64(inlined), workers } : { ...fetched, workers }, kinds);
  define(shell);
  also?.(shell);
}

const fetched = {
  wasm: () => new URL(wasmFile, scriptUrl || location.href),
  integrity: wasmIntegrity,
};

// From the text that the page has already, so that nothing is fetched again; and where the page's policy forbids `blob:`, from
// the script's own file. Browsers refuse a worker from another origin, some only after a while.
const workers = [
  () => blobWorker(`(${script})()`, WORKER_NAME),
  isSameOrigin(scriptUrl) && (() => new Worker(scriptUrl, { name: WORKER_NAME })),
];

function isSameOrigin(url) {
  return url !== '' && new URL(url).origin === globalThis.location?.origin;
}

// Included twice, the first one stays; one that can do something else adds its verbs to that.
function define(shell) {
  const earlier = isShell(globalThis.xuchuan) ? globalThis.xuchuan : undefined;
  if (earlier && Object.keys(shell).every((verb) => verb in earlier)) return;
  const pending = async () => (await Promise.all([earlier.pending(), shell.pending()])).flat();
  const value = Object.freeze(earlier ? { ...shell, ...earlier, pending } : shell);
  Object.defineProperty(globalThis, 'xuchuan', { value, configurable: true, enumerable: true, writable: true });
}

// An element with the id `xuchuan` has that name, too.
function isShell(value) {
  return typeof value?.isSupported === 'function';
}
