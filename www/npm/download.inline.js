import { downloads } from './downloads.js';
import * as inlined from './download.inlined.js';
import { inside } from './packaged.js';
import { createShell } from './shell.js';

export const { download, save, pending, init, isSupported, TransferError } =
  /* @__PURE__ */ createShell(/* @__PURE__ */ inside(inlined), [downloads]);
