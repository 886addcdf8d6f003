// Runs kernels over bytes that are in memory already, in turn.
const MIB = 1 << 20;
const CHUNK = 4 * MIB;
const GROUP = 4 * CHUNK;
const PART = MIB;
const SPACE = 64 * MIB;

onmessage = async ({ data: { rounds } }) => {
  try {
    postMessage(await measure(rounds));
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
postMessage('ready');

async function measure(rounds) {
  const memory = new WebAssembly.Memory({ initial: (SPACE + 2 * MIB) >> 16 });
  const ours = await load('/kernel.wasm', { env: { memory } });
  const crate = await load('/oracle.wasm', {});
  const at = MIB;
  fill(memory, at);
  // Behind the crate's own data.
  const base = crate.memory.grow((SPACE + 2 * MIB) >> 16) << 16;
  const behind = base + MIB;
  fill(crate.memory, behind);

  const inParts = (take) => {
    for (let done = 0; done < SPACE; done += PART) take(done, PART / 64);
  };
  const kernels = {
    group: () => {
      for (let group = 0; group < SPACE; group += GROUP) {
        for (let done = 0; done < GROUP; done += PART) {
          const [chain, lanes] = [at + group + done, at + group + done / 4];
          ours.group(64, 128, chain, lanes, CHUNK, PART / 256);
        }
      }
    },
    chain: () => inParts((done, blocks) => ours.chain(64, at + done, blocks)),
    pair: () => inParts((done, blocks) => ours.pair(64, 128, at + done, blocks)),
    crate: () => inParts((done, blocks) => crate.chain(base, behind + done, blocks)),
    plain: () => inParts((done, blocks) => crate.plain(base, behind + done, blocks)),
    opaque: () => inParts((done, blocks) => crate.opaque(base, behind + done, blocks)),
    crateBoth: () =>
      inParts((done) => {
        for (let stripe = done; stripe < done + PART; stripe += 16384) {
          crate.chain(base, behind + stripe, 256);
          crate.chain(base + 64, behind + stripe, 256);
        }
      }),
  };
  // One block by all: what computes something else is no comparison.
  const words = (exports, buffer, state, data, name) => {
    new Uint32Array(buffer, state, 4).set([1, 2, 3, 4]);
    exports[name](state, data, 1);
    return String(new Uint32Array(buffer, state, 4));
  };
  const expected = words(ours, memory.buffer, 64, at, 'chain');
  for (const name of ['chain', 'plain', 'opaque']) {
    if (words(crate, crate.memory.buffer, base, behind, name) !== expected) throw new Error(`${name} is wrong`);
  }
  const samples = Object.fromEntries(Object.keys(kernels).map((name) => [name, []]));
  // The first rounds are the compiler's.
  for (let round = -2; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(kernels)) {
      const start = performance.now();
      run();
      if (round >= 0) samples[name].push(performance.now() - start);
    }
  }
  return { bytes: SPACE, samples };
}

async function load(url, imports) {
  const { instance } = await WebAssembly.instantiate(await (await fetch(url)).arrayBuffer(), imports);
  return instance.exports;
}

function fill(memory, at) {
  const words = new Uint32Array(memory.buffer, at, SPACE / 4);
  for (let i = 0; i < words.length; i += 1) words[i] = Math.imul(i, 2654435761);
}
