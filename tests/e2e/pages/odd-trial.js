// Uploads and downloads in an odd page, and tells how that went.
"use strict";
odd.trial = (() => {
  const { real, frame } = odd;

  function randomBytes(size) {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 65536) real.random(bytes.subarray(at, Math.min(at + 65536, size)));
    return bytes;
  }

  // Each of another time: large ones are known again by name, size and time.
  let lastModified = new Uint32Array(randomBytes(4).buffer)[0];
  const fileOf = (bytes, name = "odd.bin") => new real.File([bytes], name, { lastModified: (lastModified += 1) });

  // Through what a page has of its own as little as can be.
  async function bytesOf(blob) {
    return new Uint8Array(await new Response(blob).arrayBuffer());
  }

  function same(one, other) {
    if (one.length !== other.length) return false;
    for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false;
    return true;
  }

  function differences(one, other) {
    const at = [];
    for (let block = 0; block < Math.max(one.length, other.length); block += 65536) {
      if (!same(one.subarray(block, block + 65536), other.subarray(block, block + 65536))) at.push(block / 65536);
    }
    return `${one.length} bytes for ${other.length}, other in the blocks ${at} of 64 KiB`;
  }

  async function limited(what, ms, promise) {
    let timer;
    const late = new Promise((_, reject) => { timer = real.setTimeout(() => reject(new Error(`${what}: nothing in ${ms} ms`)), ms); });
    try { return await Promise.race([promise, late]); } finally { real.clearTimeout(timer); }
  }

  const since = async (start) => Math.round(performance.now() - start);

  /** Sends `file`, and fetches it again: as a Blob and as a buffer. */
  async function there(file, bytes, options = {}) {
    const start = performance.now();
    const transfer = xuchuan.upload(file, { chunkSize: 1 << 20, retry: { base: 20, cap: 100, budget: 8000 }, ...options });
    const result = await limited(`the upload of ${bytes.length} bytes`, 20_000, transfer.done);
    const uploaded = await since(start);
    const { environment } = transfer.report();
    return { transfer, result, environment, uploaded };
  }

  async function back(url, bytes) {
    const download = xuchuan.download(url, { to: "blob", pieceSize: 1 << 19, retry: { base: 20, cap: 100, budget: 8000 } });
    const { data } = await limited("the download", 20_000, download.done);
    const got = await bytesOf(data);
    if (!same(got, bytes)) throw new Error(`the download has other bytes: ${differences(got, bytes)}`);
    const buffer = await limited("the download to a buffer", 20_000, xuchuan.download(url).done);
    if (!same(new Uint8Array(buffer.data), bytes)) throw new Error("the buffer has other bytes");
  }

  /** Small and large, there and back, a failure, a digest, and what is unfinished. */
  async function all({ size = 2_500_000 } = {}) {
    const small = randomBytes(50_000);
    const first = await there(fileOf(small), small, { headers: () => new Headers({ "X-Page": "1" }) });
    const large = randomBytes(size);
    const { result, environment, uploaded } = await there(fileOf(large), large);
    await back(result.url, large);
    const { fileId } = await limited("the digest", 10_000, xuchuan.digest(fileOf(large)));
    if (fileId !== result.fileId) throw new Error("the digest is another");
    await limited("pending()", 5_000, xuchuan.pending());
    const failed = await limited("a failure", 10_000, xuchuan.upload(fileOf(small), { endpoint: "/nowhere/upload", retry: false })
      .done.then(() => ({ code: "none" }), (error) => error));
    if (!(failed instanceof xuchuan.TransferError) || failed.name !== "TransferError") throw new Error(`it failed with ${failed}`);
    // WebDriver would answer with what the page has put on every object, or not at all.
    for (const name of ["extend", "each"]) delete Object.prototype[name];
    for (const name of ["each", "last"]) delete Array.prototype[name];
    delete Function.prototype.method;
    const parts = Object.entries(environment).map(([part, told]) => [part, told && `${told.kind}: ${told.why}`]);
    return Object.assign(Object.create(null), Object.fromEntries(parts), { uploaded, first: first.uploaded });
  }

  /** A file of another frame, of which is left what `when` says. */
  async function foreign(when) {
    const seen = [];
    for (const [size, kind] of [[50_000, "File"], [2_500_000, "File"], [50_000, "Blob"]]) {
      const bytes = randomBytes(size);
      const other = frame();
      const { contentWindow: its } = other;
      const copy = new its.Uint8Array(bytes);
      const file = kind === "File" ? new its.File([copy], "odd.txt", { lastModified: 1_700_000_000_000, type: "text/plain" }) : new its.Blob([copy]);
      if (when === "gone before") other.remove();
      const ext = kind === "File" ? {} : { ext: ".txt" };
      const sending = there(file, bytes, ext);
      const digest = xuchuan.digest(file);
      if (when === "gone at once") other.remove();
      const { result } = await sending;
      const { fileId } = await limited("the digest", 10_000, digest);
      if (fileId !== result.fileId) throw new Error("the digest is another");
      await back(result.url, bytes);
      other.remove();
      seen.push(result.url.split(".").pop());
    }
    return { seen };
  }

  /** Options and their values of another frame. */
  async function foreignOptions() {
    const { contentWindow: its } = frame();
    const bytes = randomBytes(50_000);
    const made = its.eval(`({
      headers: () => ({ 'X-Page': 'a' }), more: () => new Headers({ 'X-Page': 'b' }), plain: { 'X-Page': 'c' },
      own: async (url) => new URL(url),
    })`);
    const seen = [];
    const native = window.fetch;
    window.fetch = (url, options = {}) => {
      const headers = new Headers(options.headers);
      if (headers.has("X-Page")) seen.push(headers.get("X-Page"));
      return native(url, options);
    };
    const urls = [];
    for (const headers of [made.headers, made.more, made.plain]) {
      urls.push((await there(fileOf(bytes), bytes, { headers })).result.url);
    }
    window.fetch = native;
    const controller = new its.AbortController();
    const aborted = xuchuan.upload(fileOf(randomBytes(3_000_000)), { signal: controller.signal });
    controller.abort();
    const code = await aborted.done.catch((error) => error.code);
    const download = xuchuan.download(`${location.origin}/gone?sig=1`, {
      refreshUrl: () => made.own(new URL(urls[0], location.href).href), retry: { budget: 2000 },
    });
    // Whether it is asked is for others to say; what it gives is read.
    const got = await download.done.then(({ size }) => size, ({ code, message }) => `${code}: ${message}`);
    return { seen: [...new Set(seen)], code, got };
  }

  return { all, there, back, foreign, foreignOptions, randomBytes, fileOf };
})();
