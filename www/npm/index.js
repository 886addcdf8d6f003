import { createShell } from './shell.js';
import { downloads } from './downloads.js';
import { fetchedWorker } from './spawn.js';
import { uploads } from './uploads.js';

// URLs are written out where they are used: that is the form bundlers find and rewrite.
const assets = {
  wasm: () => new URL('./xuchuan.wasm', import.meta.url),
  workers: [
    () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
    () => fetchedWorker(new URL('./worker.js', import.meta.url)),
  ],
};

export const { upload, download, digest, pending, filesOf, init, isSupported, TransferError } =
  /* @__PURE__ */ createShell(assets, [uploads, downloads]);
