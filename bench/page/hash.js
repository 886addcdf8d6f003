/** The rows of hashing. Each gives the milliseconds it took and, but for the raw read, both digests. */
import { xuchuan } from './package.js';

export async function ours(file, { chunkSize }) {
  const start = performance.now();
  const { fileId, chunkIds, chunkSize: used } = await xuchuan.digest(file, { chunkSize });
  return { ms: performance.now() - start, fileId, chunkIds, chunkSize: used };
}

/** The loop of the tutorials: one slice after the other through a FileReader, on the page's thread. */
export async function sparkMd5(file, { chunkSize, slice }) {
  const start = performance.now();
  const whole = new SparkMD5.ArrayBuffer();
  let chunk = new SparkMD5.ArrayBuffer();
  const chunkIds = [];
  for (let at = 0; at < file.size; ) {
    // No slice crosses the edge of a chunk.
    const end = Math.min(at + slice, file.size, (Math.floor(at / chunkSize) + 1) * chunkSize);
    const buffer = await readSlice(file.slice(at, end));
    whole.append(buffer);
    chunk.append(buffer);
    at = end;
    if (at % chunkSize === 0 || at === file.size) {
      chunkIds.push(chunk.end());
      chunk = new SparkMD5.ArrayBuffer();
    }
  }
  const fileId = whole.end();
  return { ms: performance.now() - start, fileId, chunkIds };
}

function readSlice(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(blob);
  });
}

/** The same with the fastest digests on npm, a chunk at a time, on the page's thread. */
export async function hashWasm(file, { chunkSize }) {
  const start = performance.now();
  const whole = await hashwasm.createMD5();
  const chunk = await hashwasm.createMD5();
  const chunkIds = [];
  whole.init();
  for (let at = 0; at < file.size; at += chunkSize) {
    const bytes = new Uint8Array(await file.slice(at, at + chunkSize).arrayBuffer());
    whole.update(bytes);
    chunkIds.push(chunk.init().update(bytes).digest());
  }
  const fileId = whole.digest();
  return { ms: performance.now() - start, fileId, chunkIds };
}

/** Parts of the chosen file, so that they are on the disk. */
export async function parts(file, { count, size }) {
  const files = Array.from({ length: count }, (_, n) => new File([file.slice(n * size, (n + 1) * size)], `${n}`));
  // Making ten thousand files is a long task of its own, which ends before anything is measured.
  await new Promise((resolve) => setTimeout(resolve, 300));
  return files;
}

/** Many files at once. */
export async function oursMany(files) {
  const start = performance.now();
  const all = await Promise.all(files.map((part) => xuchuan.digest(part)));
  const ms = performance.now() - start;
  return { ms, fileIds: all.map(({ fileId }) => fileId) };
}

/** The kernels alone, on bytes in memory. */
export async function kernels({ rounds }) {
  return inWorker('/kernel-worker.js', { rounds });
}

/** How fast the browser hands out the bytes, in a worker, as ours gets them. */
export async function raw(file, how) {
  return inWorker('/raw-worker.js', { file, how });
}

async function inWorker(url, order) {
  const worker = new Worker(url, { type: 'module' });
  const answer = () =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
      worker.onerror = () => reject(new Error('the worker failed'));
    });
  try {
    await answer();
    const done = answer();
    worker.postMessage(order);
    return await done;
  } finally {
    worker.terminate();
  }
}
