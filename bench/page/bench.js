/** The page's side of the bench: runs one row when it is told to, and posts what came of it. */
import { wasmBytes } from './memories.js';
import { xuchuan } from './package.js';
import { hashWasm, kernels, ours as oursHash, oursMany, parts, raw, sparkMd5 } from './hash.js';
import { ours as oursUpload, plain as plainUpload, tus as tusUpload } from './upload.js';
import { ours as oursDownload, plain as plainDownload, release } from './download.js';
import { watchTasks } from './tasks.js';

const chosen = () => document.querySelector('#file').files[0];

const rows = {
  raw: ({ how }) => raw(chosen(), how),
  digest: (args) => oursHash(chosen(), args),
  many: async (args) => oursMany(await parts(chosen(), args)),
  watchedMany: async (args) => {
    const files = await parts(chosen(), args);
    return watchTasks(() => oursMany(files));
  },
  watchedDigest: (args) => watchTasks(() => oursHash(chosen(), args)),
  kernels,
  spark: (args) => sparkMd5(chosen(), args),
  hashwasm: (args) => hashWasm(chosen(), args),
  upload: (args) => oursUpload(chosen(), args),
  tus: () => tusUpload(chosen()),
  post: ({ url }) => plainUpload(chosen(), url),
  watchedUpload: (args) => watchTasks(() => oursUpload(chosen(), args)),
  watchedPost: ({ url }) => watchTasks(() => plainUpload(chosen(), url)),
  // The engine's worker with a record of its memory; only the first call on a page can say so.
  instrument: () =>
    xuchuan.init({ worker: () => new Worker('/watched-worker.js', { type: 'module' }) }).then(() => ({})),
  // What the watch must see: a task of `ms`, and a buffer of `bytes`, kept until `release`.
  task: ({ ms }) => watchTasks(async () => busy(ms)),
  hold: async ({ bytes }) => {
    held = new Uint8Array(bytes).fill(1);
    return {};
  },
  wasm: async () => ({ page: wasmBytes(), worker: await workerBytes() }),
  download: oursDownload,
  get: plainDownload,
  // So that one row's result is not the next one's burden.
  release: () => {
    held = undefined;
    return release();
  },
};

let held;

async function busy(ms) {
  // A task of its own: the one that started the row is the driver's.
  await new Promise((resolve) => setTimeout(resolve));
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function workerBytes() {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel('bench-memory');
    const end = (bytes) => {
      channel.close();
      resolve(bytes);
    };
    channel.onmessage = ({ data }) => end(data);
    channel.postMessage('?');
    setTimeout(() => end(null), 5000);
  });
}

globalThis.bench = {
  /** Returns at once: while a row runs, no driver speaks to the page. */
  start(id, row, args) {
    const report = (answer) => fetch('/report', { method: 'POST', body: JSON.stringify({ id, ...answer }) });
    rows[row](args ?? {}).then(
      (value) => report({ value }),
      (error) => report({ error: `${error?.name}: ${error?.message}${error?.cause ? ` (${error.cause})` : ''}` }),
    );
  },
};
