/** The rows of downloading. */
import { xuchuan } from './package.js';

let result;

export async function ours({ url, to, size, resume, md5 }) {
  const start = performance.now();
  const { data, verified, mode } = await xuchuan.download(url, { to, resume, onProgress: () => {} }).done;
  const ms = performance.now() - start;
  result = data;
  return { ms, verified, mode, md5: await check(size, md5) };
}

/** One request; past the cache, as ours: Chromium would answer the second round from its disk. */
export async function plain({ url, to, size, md5 }) {
  const start = performance.now();
  const response = await fetch(url, { cache: 'no-store' });
  const data = await (to === 'blob' ? response.blob() : response.arrayBuffer());
  const ms = performance.now() - start;
  result = data;
  return { ms, md5: await check(size, md5) };
}

export async function release() {
  result = undefined;
  return {};
}

/** Checks what came: its size, and its digest where that is asked for. */
async function check(size, wanted) {
  const blob = result instanceof Blob ? result : new Blob([result]);
  if (blob.size !== size) throw new Error(`${blob.size} bytes came where ${size} were wanted`);
  if (!wanted) return undefined;
  const digest = await hashwasm.createMD5();
  digest.init();
  for (let at = 0; at < size; at += 8 << 20) {
    digest.update(new Uint8Array(await blob.slice(at, at + (8 << 20)).arrayBuffer()));
  }
  return digest.digest();
}
