import { blobWorker, fileWorker } from './spawn.js';
import { decodeBase64 } from './base64.js';

/** Where the engine of an entry is that has it inside. */
export const inside = (inlined) => ({
  wasm: () => decodeBase64(inlined.wasmBase64),
  workers: [() => blobWorker(inlined.workerSource)],
});

/**
 * Where the engine of an entry is that loads it: in files beside it, `wasm()` and `worker()`, which many build tools find and
 * copy; and where one does not, in the module that `inlined()` imports, which all of them carry along.
 */
export const packaged = ({ wasm, worker, inlined }) => ({
  wasm,
  instead: async () => inside(await inlined()).wasm(),
  workers: [
    () => fileWorker(worker()),
    // Browsers start none by an address of another origin, but by its text.
    async () => blobWorker(await scriptAt(worker).catch(async () => (await inlined()).workerSource)),
  ],
});

/** Fetches a script; what a server gives for an address that it does not know, with success or without, is none. */
async function scriptAt(address) {
  const response = await fetch(String(address()));
  const text = await response.text();
  if (!response.ok || /^\s*</.test(text)) throw new Error('there is no script');
  return text;
}
