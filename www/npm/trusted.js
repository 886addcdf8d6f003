// https://w3c.github.io/trusted-types: a page that demands them starts workers by what a policy has made only. Ours is handed
// to nobody, and vouches for the package's own files and text.
let policy;

/** Returns `url` in the form that such a page demands, where it lets the policy `xuchuan` be made; else as it is. */
export function trusted(url) {
  policy ??= makePolicy();
  return policy.createScriptURL(String(url));
}

function makePolicy() {
  const rules = { createScriptURL: (url) => url };
  try {
    return globalThis.trustedTypes?.createPolicy('xuchuan', rules) ?? rules;
  } catch {
    // Its list of policies has not ours, or has it once and another engine took it. It may still have one named `default`.
    return rules;
  }
}
