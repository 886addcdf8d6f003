// Uploads as the tutorials of the protocol teach it: 1 MiB chunks named by their MD5 and at once their index, sent one
// after the other as the handshake's answer lists them. Only the MD5s are the module's.
"use strict";
window.tutorial = (() => {
  const CHUNK = 1 << 20;
  const API = "/api/upload";

  /** Cuts the file: its id, and each chunk with the id that a page of this `manner` gives it. */
  async function split(file, manner) {
    const { fileId, chunkIds } = await xuchuan.digest(file, { chunkSize: CHUNK, chunkId: "md5" });
    const written = (md5) => (manner.upperCase ? md5.toUpperCase() : md5);
    const chunks = chunkIds.map((md5, index) => ({
      id: written(md5) + (manner.index ? index : ""),
      blob: file.slice(index * CHUNK, (index + 1) * CHUNK),
    }));
    return { fileId: written(fileId), chunks };
  }

  async function request(url, init) {
    const { code, msg, data } = await (await fetch(url, init)).json();
    if (code !== 0) throw new Error(`code ${code}: ${msg}`);
    return data;
  }

  function shakeHands({ fileId, chunks }, ext) {
    const body = JSON.stringify({ fileId, ext, chunkIds: chunks.map(({ id }) => id) });
    return request(`${API}/handshake`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  }

  function send(fileId, { id, blob }) {
    const form = new FormData();
    form.append("file", blob);
    form.append("chunkId", id);
    form.append("fileId", fileId);
    return request(API, { method: "POST", body: form });
  }

  /** Uploads the chosen file; the URL, what was needed at first, and the last answer to a chunk. */
  async function upload(manner) {
    const file = document.querySelector("#file").files[0];
    const cut = await split(file, manner);
    const ext = file.name.slice(file.name.lastIndexOf("."));
    const needed = await shakeHands(cut, ext);
    if (typeof needed === "string") throw new Error("the server has it already");
    let left = needed;
    for (const id of needed) {
      const chunk = cut.chunks.find((one) => one.id === id);
      if (!chunk) throw new Error(`the server needs ${id}, which is none of ours`);
      left = await send(cut.fileId, chunk);
    }
    return { url: await shakeHands(cut, ext), needed: needed.length, left: left.length };
  }

  return { upload };
})();
