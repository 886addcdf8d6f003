// Files behind handles, for a scenario: in the origin's private file system, which asks for no permission.
"use strict";
window.handles = (() => {
  const root = () => navigator.storage.getDirectory();
  const open = async (name) => (await root()).getFileHandle(name);

  /** Makes a file whose every chunk is another. */
  async function make(name, size, seed = 1) {
    const handle = await (await root()).getFileHandle(name, { create: true });
    const out = await handle.createWritable();
    const part = new Uint32Array(1 << 20);
    for (let i = 0; i < part.length; i += 1) part[i] = Math.imul(i + seed, 2654435761);
    for (let at = 0; at < size; at += part.byteLength) {
      part[0] = at / part.byteLength + seed;
      await out.write(new Uint8Array(part.buffer, 0, Math.min(part.byteLength, size - at)));
    }
    await out.close();
  }

  /** Goes on with the one upload that is pending; tells how long it took until the first chunk was sent, in ms. */
  async function goOn(name) {
    const found = (await xuchuan.pending()).find(({ kind }) => kind === "upload");
    const real = fetch;
    const sent = new Promise((resolve) => {
      window.fetch = (url, options) => {
        if (new URL(url, location.href).pathname === "/api/upload") resolve(performance.now());
        return real(url, options);
      };
    });
    const before = performance.now();
    e2e.follow(name, found.resume());
    const took = (await sent) - before;
    window.fetch = real;
    return { took, needsFile: found.needsFile };
  }

  /** Has the browser say no to whoever asks for a file; returns nothing, and `allow` takes it back. */
  function deny() {
    const { prototype } = FileSystemFileHandle;
    const { queryPermission, requestPermission } = prototype;
    prototype.queryPermission = async () => "prompt";
    prototype.requestPermission = async () => "denied";
    allow = () => Object.assign(prototype, { queryPermission, requestPermission });
  }
  let allow = () => {};

  /** What a transfer of it fails with. */
  const failure = (transfer) =>
    transfer.done.then(
      () => null,
      ({ name, code, message }) => ({ name, code, message }),
    );

  const file = (name) => new File([name], name);
  const fileEntry = (name) => ({ name, isDirectory: false, file: (resolve) => resolve(file(name)) });

  /** A folder's entry as browsers give it: at most 100 of its entries a call. */
  function folderEntry(name, entries) {
    const createReader = () => {
      let at = 0;
      return { readEntries: (resolve) => setTimeout(() => resolve(entries.slice(at, (at += 100)))) };
    };
    return { name, isDirectory: true, createReader };
  }

  /** What a drop carries: of each item an entry, a handle, or only a file. */
  const dropped = (items) => ({
    items: items.map(({ entry = null, handle, plain }) => ({
      kind: "file",
      getAsFile: () => plain ?? file(entry?.name ?? "?"),
      webkitGetAsEntry: () => entry,
      ...(handle !== undefined && { getAsFileSystemHandle: async () => handle }),
    })),
  });

  /** Walks a drop; tells the paths and how it ended. */
  async function walk(transfer) {
    const paths = [];
    const kinds = new Set();
    try {
      for await (const { source, path } of xuchuan.filesOf(transfer)) {
        paths.push(path);
        kinds.add(source.constructor.name);
      }
      return { paths, kinds: [...kinds], code: null };
    } catch ({ code, message }) {
      return { paths, kinds: [...kinds], code, message };
    }
  }

  const pending = async () => (await xuchuan.pending()).find(({ kind }) => kind === "upload");

  return { make, open, goOn, file, fileEntry, folderEntry, dropped, walk, deny, allow: () => allow(), failure, pending, root };
})();
