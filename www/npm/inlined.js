import { blobWorker } from './spawn.js';
import { decodeBase64 } from './base64.js';
import { wasmBase64 } from './engine-base64.js';
import { workerSource } from './worker-source.js';

/** Where the engine is in an entry that has everything inside. */
export const inlined = {
  wasm: () => decodeBase64(wasmBase64),
  workers: [() => blobWorker(workerSource)],
};
