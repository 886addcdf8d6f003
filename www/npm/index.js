import { blobWorker } from './spawn.js';
import { createShell } from './shell.js';

// Both URLs are written out where they are used: that is the form bundlers find and rewrite.
const shell = /* @__PURE__ */ createShell({
  wasm: () => new URL('./engine_bg.wasm', import.meta.url),
  workers: [
    () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
    async () => blobWorker((await import('./worker-source.js')).workerSource),
  ],
});

export const { upload, download, digest, pending, filesOf, init, isSupported, TransferError } = shell;
