import { createShell } from './shell.js';
import { inlined } from './inlined.js';
import { uploads } from './uploads.js';

export const { upload, digest, pending, filesOf, init, isSupported, TransferError } =
  /* @__PURE__ */ createShell(inlined, [uploads]);
