import { createShell } from './shell.js';
import { downloads } from './downloads.js';
import { fetchedWorker } from './spawn.js';

// URLs are written out where they are used: that is the form bundlers find and rewrite.
const assets = {
  wasm: () => new URL('./xuchuan.download.wasm', import.meta.url),
  workers: [
    () => new Worker(new URL('./download.worker.js', import.meta.url), { type: 'module' }),
    () => fetchedWorker(new URL('./download.worker.js', import.meta.url)),
  ],
};

export const { download, pending, init, isSupported, TransferError } =
  /* @__PURE__ */ createShell(assets, [downloads]);
