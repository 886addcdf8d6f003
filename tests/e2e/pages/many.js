// Uploads many small files at once, and counts what the page went through.
"use strict";
window.many = (() => {
  const counts = { files: 0, done: 0, failed: 0, calls: 0, soon: 0, most: 0, states: 0, active: 0, blobs: 0, failures: [] };
  // What is done in one task: a message of ours is a task of its own, and ends the count.
  const next = new MessageChannel();
  let inTask = 0;
  next.port2.onmessage = () => {
    counts.most = Math.max(counts.most, inTask);
    inTask = 0;
  };
  const note = () => {
    if (inTask === 0) next.port1.postMessage(null);
    inTask += 1;
  };
  const breathe = () => new Promise((go) => setTimeout(go));

  /** Begins the uploads of `count` files of `size` bytes each; resolves when all have begun. */
  async function begin(count, size) {
    const salt = crypto.getRandomValues(new Uint32Array(1))[0];
    const files = [];
    for (let i = 0; i < count; i += 1) {
      if (i % 200 === 199) await breathe(); // making files is the test's own work
      const words = new Uint32Array(size / 4);
      words.fill(Math.imul(i + 1, 2654435761));
      words[0] = i;
      words[1] = salt;
      files.push(new File([words], `file ${i}.bin`));
    }
    await breathe();
    e2eWatch.longTasks.length = 0;
    counts.files = count;
    const real = fetch;
    let active = 0;
    const send = async (...request) => {
      note();
      counts.active = Math.max(counts.active, (active += 1));
      try {
        return await real(...request);
      } finally {
        active -= 1;
      }
    };
    // It shows no source: what a page's own function gets is another form.
    window.fetch = new Proxy(real, { apply: (_, __, request) => send(...request) });
    const counted = (make) => {
      const count = () => (counts.blobs += 1);
      const construct = (...args) => {
        // A worker's script is no file.
        if (args[1][1]?.type !== "text/javascript") count();
        return Reflect.construct(...args);
      };
      const apply = (...args) => (count(), Reflect.apply(...args));
      return new Proxy(make, { construct, apply });
    };
    window.Blob = counted(Blob);
    window.FormData = counted(FormData);
    Blob.prototype.slice = counted(Blob.prototype.slice);
    const start = performance.now();
    for (const [i, file] of files.entries()) {
      // As files come from `filesOf`.
      if (i % 1000 === 999) await breathe();
      let last = -Infinity;
      const onState = () => {
        note();
        counts.states += 1;
      };
      const onProgress = ({ state }) => {
        counts.calls += 1;
        note();
        const now = performance.now();
        // They come 50 ms apart; the clock may be coarse.
        if (now - last < 45 && state !== "done") counts.soon += 1;
        last = now;
      };
      xuchuan.upload(file, { onState, onProgress }).done.then(
        () => (counts.done += 1),
        (error) => {
          counts.failed += 1;
          if (counts.failures.length < 3) counts.failures.push(`${error.code}: ${error.message}`);
        },
      );
    }
    counts.begun = performance.now() - start;
  }

  return { begin, counts };
})();
