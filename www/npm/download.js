import { downloads } from './downloads.js';
import { packaged } from './packaged.js';
import { createShell } from './shell.js';

// Each is written out: that is the form in which build tools find files and modules, and put their own addresses in.
const assets = {
  wasm: () => new URL('./xuchuan.download.wasm', import.meta.url),
  worker: () => new URL('./download.worker.js', import.meta.url),
  inlined: () => import('./download.inlined.js'),
};

export const { download, save, pending, init, isSupported, TransferError } =
  /* @__PURE__ */ createShell(/* @__PURE__ */ packaged(assets), [downloads]);
