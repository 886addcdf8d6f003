// Downloads that are read, or written somewhere, while they come.
"use strict";
window.streams = (() => {
  const fingerprint = async (parts) => e2e.fingerprint(new Blob(parts));
  const failure = ({ name, code, message }) => ({ name, code: code ?? null, message });

  /** Reads the download `url` to its end, waiting `pause` ms when `after` bytes have come; tells what it read. */
  async function read(url, { after = Infinity, pause = 0, options } = {}) {
    await e2e.ready();
    const transfer = xuchuan.download(url, options);
    const parts = [];
    let [size, paused] = [0, false];
    const reader = transfer.stream().getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
      if (size >= after && !paused) {
        paused = true;
        window.pausedAt = size;
        window.taken = () => transfer.progress.sent;
        await new Promise((go) => setTimeout(go, pause));
        window.pausedAt = null;
      }
    }
    const { data, mode } = await transfer.done;
    return { size, data, mode, fingerprint: await fingerprint(parts) };
  }

  /** Writes the download to a stream of the page's own that takes a moment for each part. */
  async function write(url) {
    await e2e.ready();
    const parts = [];
    let closed = false;
    const to = new WritableStream({
      async write(bytes) {
        parts.push(bytes);
        if (parts.length % 16 === 0) await new Promise((go) => setTimeout(go, 1));
      },
      close: () => void (closed = true),
    });
    const { data, mode, size } = await xuchuan.download(url, { to }).done;
    return { size, data, mode, closed, fingerprint: await fingerprint(parts) };
  }

  /** Has a stream fail; tells what the download and the stream say. */
  async function fails(url) {
    await e2e.ready();
    let taken = 0;
    const to = new WritableStream({
      write(bytes) {
        taken += bytes.length;
        if (taken > 1 << 20) throw new Error("no more");
      },
    });
    const transfer = xuchuan.download(url, { to });
    try {
      await transfer.done;
    } catch (error) {
      return { ...failure(error), state: transfer.state };
    }
    throw new Error("it did not fail");
  }

  /** Cancels a stream that is being read; tells what the download says. */
  async function cancels(url) {
    await e2e.ready();
    const transfer = xuchuan.download(url);
    const reader = transfer.stream().getReader();
    await reader.read();
    await reader.cancel("enough");
    try {
      await transfer.done;
    } catch (error) {
      return { ...failure(error), state: transfer.state };
    }
    throw new Error("it did not fail");
  }

  /** Writes the download to a handle; null where there is none that could be written to. */
  async function toHandle(url, options) {
    await e2e.ready();
    let handle;
    try {
      const root = await navigator.storage.getDirectory();
      handle = await root.getFileHandle("picked.bin", { create: true });
      await (await handle.createWritable()).close();
    } catch {
      return null;
    }
    const transfer = xuchuan.download(url, { ...options, to: handle });
    const { data, size, verified } = await transfer.done;
    const file = await handle.getFile();
    return { same: data === handle, size, verified, fingerprint: await e2e.fingerprint(file) };
  }

  return { read, write, fails, cancels, toHandle };
})();
