// Makes one mistake at a time, and tells what comes of it and when.
"use strict";
window.mistakes = (() => {
  const SECRET = "topsecret";

  /** A file of `size` bytes, another one each time. */
  function file(size = 1 << 20) {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 1 << 16) crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + (1 << 16))));
    return new File([bytes], "mistake.bin");
  }

  const causeOf = (error) => {
    if (error?.cause === undefined) return null;
    return { reason: error.cause?.reason ?? null, text: String(error.cause?.message ?? error.cause) };
  };

  /** Starts what `begin` starts, and follows it until it settles, waits for the cause `until`, or `limit` ms are over. */
  async function watch(begin, until, limit) {
    const begun = performance.now();
    const after = () => Math.round(performance.now() - begun);
    let transfer;
    try {
      transfer = begin();
    } catch (error) {
      return { ended: "thrown", after: after(), name: error.name, message: error.message, leaks: error.message.includes(SECRET) };
    }
    let outcome = null;
    transfer.done.then((result) => (outcome = { result }), (error) => (outcome = { error }));
    let waiting = null;
    const reasons = [];
    while (!outcome && after() < limit) {
      const cause = transfer.progress.waitingFor?.cause;
      if (cause && reasons.at(-1) !== cause.reason) reasons.push(cause.reason);
      if (cause && (cause.reason === until || cause.code === until)) {
        waiting = cause;
        break;
      }
      await new Promise((go) => setTimeout(go, 10));
    }
    const told = { after: after(), state: transfer.state, reasons };
    const error = outcome?.error;
    if (waiting) Object.assign(told, { ended: "waiting", ...waiting });
    else if (outcome?.result) Object.assign(told, { ended: "done" });
    else if (error) {
      const { name, code, message, status, retryable } = error;
      Object.assign(told, { ended: "failed", name, code, message, status: status ?? null, retryable, cause: causeOf(error) });
      told.thrown = window.thrown !== undefined && error.cause === window.thrown;
    } else Object.assign(told, { ended: "late" });
    const said = [error?.message, String(error?.cause?.message), waiting?.message, JSON.stringify(transfer.report())];
    told.leaks = said.some((text) => text?.includes(SECRET));
    told.events = (transfer.report().events ?? []).map(({ doing, what }) => `${doing}: ${what}`).slice(0, 9);
    transfer.abort();
    return told;
  }

  /** The same upload in a worker. */
  function inWorker(endpoint) {
    return new Promise((resolve, reject) => {
      const worker = new Worker("/e2e/mistakes-worker.js", { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message ?? "the worker did not start"));
      worker.postMessage(endpoint);
    });
  }

  return { file, watch, inWorker };
})();
