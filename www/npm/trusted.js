// https://w3c.github.io/trusted-types: a page that demands them starts workers by what a policy has made only. Ours is handed
// to nobody, and vouches for the package's own files and text.
let policy;
let isRefused = false;

/** Starts a worker, in a page under Trusted Types as well, where that lets the policy `xuchuan` be made. */
export function startWorker(url, options) {
  policy ??= makePolicy();
  try {
    return new Worker(policy.createScriptURL(String(url)), options);
  } catch (cause) {
    if (!isRefused) throw cause;
    throw new Error(`${cause.message} (the page may allow it by "trusted-types xuchuan")`, { cause });
  }
}

function makePolicy() {
  const rules = { createScriptURL: (url) => url };
  try {
    return globalThis.trustedTypes?.createPolicy('xuchuan', rules) ?? rules;
  } catch {
    // Its list of policies has not ours, or has it once and another engine took it. It may still have one named `default`.
    isRefused = true;
    return rules;
  }
}
