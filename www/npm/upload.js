import { createShell } from './shell.js';
import { fetchedWorker } from './spawn.js';
import { uploads } from './uploads.js';

// URLs are written out where they are used: that is the form bundlers find and rewrite.
const assets = {
  wasm: () => new URL('./xuchuan.upload.wasm', import.meta.url),
  workers: [
    () => new Worker(new URL('./upload.worker.js', import.meta.url), { type: 'module' }),
    () => fetchedWorker(new URL('./upload.worker.js', import.meta.url)),
  ],
};

export const { upload, digest, pending, filesOf, init, isSupported, TransferError } =
  /* @__PURE__ */ createShell(assets, [uploads]);
