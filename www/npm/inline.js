import { createShell } from './shell.js';
import { downloads } from './downloads.js';
import { inlined } from './inlined.js';
import { uploads } from './uploads.js';

export const { upload, download, digest, pending, filesOf, init, isSupported, TransferError } =
  /* @__PURE__ */ createShell(inlined, [uploads, downloads]);
