// Loads what the page's address names: drop-in scripts, one after the other, and entries of the package. `entries` resolves with
// the verbs there are.
"use strict";
window.entries = (async () => {
  const asked = new URLSearchParams(location.search);
  for (const src of asked.getAll("script")) {
    await new Promise((resolve, reject) => {
      document.head.append(Object.assign(document.createElement("script"), { src, onload: resolve, onerror: reject }));
    });
  }
  for (const entry of asked.getAll("module")) window.xuchuan = { ...window.xuchuan, ...(await import(entry)) };
  return xuchuan;
})();
