import { downloads } from './downloads.js';
import { packaged } from './packaged.js';
import { createShell } from './shell.js';
import { uploads } from './uploads.js';

// Each is written out: that is the form in which build tools find files and modules, and put their own addresses in.
const assets = {
  wasm: () => new URL('./xuchuan.wasm', import.meta.url),
  worker: () => new URL('./worker.js', import.meta.url),
  inlined: () => import('./inlined.js'),
};

export const { upload, download, save, digest, pending, filesOf, init, isSupported, TransferError } =
  /* @__PURE__ */ createShell(/* @__PURE__ */ packaged(assets), [uploads, downloads]);
