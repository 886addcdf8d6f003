/** The rows of uploading. */
import { xuchuan } from './package.js';

/** `ms` runs from the answer to the first handshake to `done`, `total` from the call. */
export async function ours(file, { endpoint, concurrency, chunkSize } = {}) {
  const entered = {};
  const start = performance.now();
  const { fileId, url, instant, reused } = await xuchuan.upload(file, {
    endpoint,
    concurrency,
    chunkSize,
    onState: (state) => {
      entered[state] ??= performance.now();
    },
    // Every page draws a bar.
    onProgress: () => {},
  }).done;
  const end = performance.now();
  if (instant || reused > 0) throw new Error('the server had some of the bytes: nothing was measured');
  const since = (state) => end - entered[state];
  return { ms: since('transferring'), total: end - start, finishing: since('finishing'), fileId, url };
}

/** tus-js-client as it comes. */
export async function tus(file) {
  const start = performance.now();
  await new Promise((resolve, reject) => {
    const upload = new globalThis.tus.Upload(file, {
      endpoint: '/tus',
      storeFingerprintForResuming: false,
      onProgress: () => {},
      onSuccess: resolve,
      onError: reject,
    });
    upload.start();
  });
  return { ms: performance.now() - start };
}

/** One request with the file as its body. */
export async function plain(file, url) {
  const start = performance.now();
  const response = await fetch(url, { method: 'POST', body: file });
  const bytes = Number(await response.text());
  const ms = performance.now() - start;
  if (bytes !== file.size) throw new Error(`the server got ${bytes} of ${file.size} bytes`);
  return { ms };
}
