// Drives the module's API for a scenario; the module is the global `xuchuan` or what a page's own script puts there.
"use strict";
window.e2e = (() => {
  const transfers = new Map();

  const shape = (error) => ({
    name: error.name,
    code: error.code,
    status: error.status ?? null,
    retryable: error.retryable ?? null,
    message: error.message,
    typed: error instanceof window.xuchuan.TransferError,
  });

  async function ready() {
    for (let tries = 0; !window.xuchuan && tries < 200; tries += 1) await new Promise((go) => setTimeout(go, 50));
    if (!window.xuchuan) throw new Error("the module did not load");
  }

  function follow(name, transfer) {
    const entry = { transfer, states: [], highest: 0, wentBack: false, outcome: null, result: null };
    transfers.set(name, entry);
    transfer.done.then(
      (result) => { entry.result = result; entry.outcome = { ok: true }; },
      (error) => { entry.outcome = { ok: false, error: shape(error) }; },
    );
    return entry;
  }

  /** Starts a transfer under a name: of the chosen file, or of a URL. */
  async function begin(name, verb, subject, options = {}) {
    await ready();
    const states = [];
    const given = { ...options, onState: (state) => states.push(state), onProgress: (p) => advance(p) };
    let highest = 0;
    let entry = null;
    const advance = ({ confirmed }) => {
      if (!entry) return;
      if (confirmed < highest) entry.wentBack = true;
      highest = entry.highest = Math.max(highest, confirmed);
    };
    if (options.token) {
      delete given.token;
      let asked = 0;
      given.headers = async () => ({ Authorization: `Bearer ${options.token[Math.min(asked++, options.token.length - 1)]}` });
    }
    if (verb === "upload") entry = follow(name, xuchuan.upload(subject ?? document.querySelector("#file").files[0], given));
    if (verb === "download") entry = follow(name, xuchuan.download(subject, given));
    if (verb === "pending") {
      const found = (await xuchuan.pending()).find(({ kind }) => kind === subject);
      if (!found) throw new Error(`nothing pending of the kind ${subject}`);
      const file = found.needsFile ? document.querySelector("#file").files[0] : undefined;
      entry = follow(name, found.resume(file, given));
    }
    entry.states = states;
  }

  function tell(name) {
    const { transfer, states, highest, wentBack, outcome, result } = transfers.get(name);
    const told = {};
    for (const [key, value] of Object.entries(result ?? {})) if (key !== "data") told[key] = value;
    return {
      state: transfer.state, progress: transfer.progress, chunks: [...transfer.chunks], states, highest, wentBack,
      settled: outcome !== null, ok: outcome?.ok ?? false, error: outcome?.error ?? null, result: told,
    };
  }

  const act = (name, verb, ...args) => transfers.get(name).transfer[verb](...args);

  /** The SHA-256 of the SHA-256 of each 4 MiB: independent of the engine, and without the whole in memory. */
  async function fingerprint(data) {
    const blob = data instanceof Blob ? data : new Blob([data]);
    const parts = [];
    for (let at = 0; at < blob.size; at += 4 << 20) {
      parts.push(await crypto.subtle.digest("SHA-256", await blob.slice(at, at + (4 << 20)).arrayBuffer()));
    }
    const whole = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
    return [...new Uint8Array(whole)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function received(name) {
    const { data } = transfers.get(name).result;
    const kind = data instanceof File ? "file" : data instanceof Blob ? "blob" : data instanceof ArrayBuffer ? "buffer" : typeof data;
    return { kind, name: data.name ?? "", size: data.size ?? data.byteLength, fingerprint: await fingerprint(data) };
  }

  /** The names of the downloads' private files; null where the browser has no such files. */
  async function privateFiles() {
    const names = [];
    try {
      const root = await navigator.storage.getDirectory();
      for await (const name of (await root.getDirectoryHandle("xuchuan downloads", { create: true })).keys()) names.push(name);
    } catch {
      return null;
    }
    return names;
  }

  async function pending() {
    await ready();
    return (await xuchuan.pending()).map(({ kind, name, size, done, needsFile }) => ({ kind, name, size, done, needsFile }));
  }

  return { begin, follow, tell, act, fingerprint, received, privateFiles, pending, ready };
})();
