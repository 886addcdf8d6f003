// Loads what the page's address names: drop-in scripts, one after the other, and entries of the package. `entries` resolves with
// the verbs there are.
"use strict";
window.entries = (async () => {
  const asked = new URLSearchParams(location.search);
  // For a page under Trusted Types, whose policies are not ours to name.
  const allowed = (src) => globalThis.trustedTypes?.createPolicy(src, { createScriptURL: (url) => url }).createScriptURL(src) ?? src;
  for (const src of asked.getAll("script").map(allowed)) {
    await new Promise((resolve, reject) => {
      document.head.append(Object.assign(document.createElement("script"), { src, onload: resolve, onerror: reject }));
    });
  }
  for (const entry of asked.getAll("module")) window.xuchuan = { ...window.xuchuan, ...(await import(entry)) };
  return xuchuan;
})();
