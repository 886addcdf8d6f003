import { blobWorker } from './spawn.js';
import { createShell } from './shell.js';
import { decodeBase64 } from './base64.js';
import { wasmBase64 } from './engine-base64.js';
import { workerSource } from './worker-source.js';

const shell = /* @__PURE__ */ createShell({
  wasm: () => decodeBase64(wasmBase64),
  workers: [() => blobWorker(workerSource)],
});

export const { upload, download, digest, pending, filesOf, init, isSupported, TransferError } = shell;
