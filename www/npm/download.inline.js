import { createShell } from './shell.js';
import { downloads } from './downloads.js';
import { inlined } from './inlined.js';

export const { download, pending, init, isSupported, TransferError } =
  /* @__PURE__ */ createShell(inlined, [downloads]);
