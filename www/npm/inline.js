import { downloads } from './downloads.js';
import * as inlined from './inlined.js';
import { inside } from './packaged.js';
import { createShell } from './shell.js';
import { uploads } from './uploads.js';

export const { upload, download, save, digest, pending, filesOf, init, isSupported, TransferError } =
  /* @__PURE__ */ createShell(/* @__PURE__ */ inside(inlined), [uploads, downloads]);
