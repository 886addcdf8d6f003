// Many transfers at once, as users of other uploaders met with them: what one does must not hold up the others.
"use strict";
window.queue = (() => {
  let salt = crypto.getRandomValues(new Uint32Array(1))[0];
  // The most requests that waited for an answer at once; a handshake may go out beside them.
  let active = 0;
  let most = 0;
  const real = fetch;
  // It shows no source: what a page's own function gets is another form.
  window.fetch = new Proxy(real, {
    apply: async (_, __, request) => {
      if (String(request[0]).endsWith("/handshake")) return real(...request);
      const signal = request[1]?.signal;
      let over = false;
      const end = () => {
        if (!over) active -= 1;
        over = true;
      };
      // Who gives a request up has its place at once; that its promise is settled comes later.
      signal?.addEventListener("abort", end);
      most = Math.max(most, (active += 1));
      try {
        return await real(...request);
      } finally {
        end();
      }
    },
  });

  const sleep = (ms) => new Promise((go) => setTimeout(go, ms));
  const check = (good, what) => {
    if (!good) throw new Error(what);
  };

  function file(size) {
    const words = new Uint32Array(size / 4);
    words.fill(Math.imul((salt += 1), 2654435761));
    return new File([words], `file ${salt}.bin`);
  }

  const RETRY = { budget: 20_000, base: 50, cap: 400 };

  function upload(server, size, options = {}) {
    const chunkSize = 65536 * 2;
    return xuchuan.upload(file(size), { endpoint: `${server}/api/upload`, chunkSize, retry: RETRY, ...options });
  }

  const uploads = (server, count, size, options) =>
    Array.from({ length: count }, () => upload(server, size, options));
  const download = (server, number, size, options) =>
    xuchuan.download(`${server}/bytes/${number}/${size}`, { to: "buffer", retry: RETRY, ...options });

  // How each ended, within `limit` ms.
  async function ends(transfers, limit) {
    const told = transfers.map((transfer) => transfer.done.then(() => "done", (error) => error.code ?? String(error)));
    const late = sleep(limit).then(() => {
      const states = transfers.map((transfer) => transfer.state);
      throw new Error(`not over after ${limit} ms: ${states}`);
    });
    return Promise.race([Promise.all(told), late]);
  }

  async function allDone(transfers, limit) {
    const ended = await ends(transfers, limit);
    check(ended.every((end) => end === "done"), `they ended so: ${ended}`);
  }

  const rows = {
    // Uppy 2016: a request that timed out kept its place, until there was none.
    async silent_requests(server) {
      await allDone(uploads(server, 9, 131072 * 2, { stallTimeout: 1500 }), 40_000);
    },

    // Uppy 1190: files that only waited for a connection were timed out.
    async patient(server) {
      const transfers = uploads(server, 14, 131072, { stallTimeout: 5000 });
      await allDone(transfers, 40_000);
      const failures = transfers.map((transfer) => transfer.report().failures);
      check(failures.every((count) => count === 0), `failures: ${failures}`);
    },

    // FilePond 310, 814, 1064; angular-file-upload 660: who is cancelled, at work or not, lets the next one begin, and one only.
    async cancelled(server) {
      const transfers = uploads(server, 16, 131072 * 2);
      await sleep(400);
      const leave = [...transfers.filter((transfer) => transfer.state !== "queued").slice(0, 6), ...transfers.slice(-3)];
      for (const transfer of new Set(leave)) {
        transfer.abort();
        await sleep(20);
      }
      const ended = await ends(transfers, 40_000);
      for (const [at, end] of ended.entries()) {
        const expected = leave.includes(transfers[at]) ? "aborted" : "done";
        check(end === expected, `${at} is ${end}, not ${expected}`);
      }
      check(leave.length >= 6, `only ${leave.length} were cancelled`);
    },

    // Fine Uploader 1585: pausing and going on again and again left files that never began.
    async paused_again_and_again(server) {
      const transfers = uploads(server, 8, 131072 * 3);
      for (let round = 0; round < 12; round += 1) {
        for (const transfer of transfers) transfer.pause();
        if (round % 3 === 0) await sleep(60);
        for (const transfer of transfers) transfer.resume();
        await sleep(40 * (round % 4));
      }
      await allDone(transfers, 40_000);
    },

    // jQuery-File-Upload 3346: after a failure all were retried at once.
    async server_gone_for_a_while(server) {
      await allDone(uploads(server, 20, 131072), 40_000);
    },

    // Electron 12979: paused downloads kept the connections, and nothing else went through.
    async paused_downloads(server) {
      const held = Array.from({ length: 7 }, (_, n) => download(server, n, 4 << 20, { concurrency: 1 }));
      const begun = async () => {
        while (held.filter((one) => one.progress.confirmed > 0).length < 4) await sleep(50);
      };
      await Promise.race([begun(), sleep(10_000)]);
      for (const one of held) one.pause();
      await allDone([upload(server, 131072 * 2)], 10_000);
      check(held.every((one) => one.state === "paused"), `they are ${held.map((one) => one.state)}`);
      for (const one of held) one.resume();
      await allDone(held, 60_000);
    },

    // Many slow downloads leave room for an upload, and the other way round.
    async both_ways(server) {
      const held = Array.from({ length: 8 }, (_, n) => download(server, n, 16 << 20));
      await sleep(1500);
      await allDone([upload(server, 131072 * 2)], 12_000);
      check(held.some((one) => one.state === "transferring"), `they are ${held.map((one) => one.state)}`);
      for (const one of held) one.abort();
      const slow = uploads(server, 8, 131072 * 16);
      await sleep(1500);
      await allDone([download(server, 99, 65536)], 20_000);
      for (const one of slow) one.abort();
      await ends([...held, ...slow], 5000);
    },

    // What the server refused one file (429) is not tried by the next.
    async refused(server) {
      const transfers = uploads(server, 12, 131072 * 2);
      await allDone(transfers, 60_000);
      return transfers.reduce((sum, transfer) => sum + transfer.report().failures, 0);
    },
  };

  async function run(name, server) {
    most = active;
    const told = await rows[name](server);
    return { most, told: told ?? null };
  }

  return { run, names: Object.keys(rows) };
})();
