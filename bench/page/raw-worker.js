// Reads a file and does nothing with it.
const SLICE = 8 << 20;
const VIEW = 4 << 20;
// Some browsers' byte streams stop for good now and then.
const PATIENCE = 15_000;

onmessage = async ({ data: { file, how } }) => {
  const start = performance.now();
  try {
    const bytes = await (how === 'slices' ? slices(file) : stream(file));
    const ms = performance.now() - start;
    postMessage(bytes === file.size ? { ms } : { error: `${bytes} of ${file.size} bytes were read` });
  } catch (error) {
    if (error === STALLED) postMessage({ stalled: true });
    else postMessage(error === UNSUPPORTED ? { unsupported: true } : { error: String(error) });
  }
};
postMessage('ready');

const STALLED = Symbol('stalled');
const UNSUPPORTED = Symbol('unsupported');

async function stream(file) {
  let reader;
  try {
    reader = file.stream().getReader({ mode: 'byob' });
  } catch {
    throw UNSUPPORTED;
  }
  let buffer = new ArrayBuffer(VIEW);
  let sum = 0;
  for (;;) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(STALLED), PATIENCE);
    });
    const { done, value } = await Promise.race([reader.read(new Uint8Array(buffer)), late]);
    clearTimeout(timer);
    if (done) return sum;
    sum += value.byteLength;
    buffer = value.buffer;
  }
}

async function slices(file) {
  const read = (at) => file.slice(at, at + SLICE).arrayBuffer();
  let sum = 0;
  let next = read(0);
  for (let at = 0; at < file.size; at += SLICE) {
    const buffer = await next;
    next = read(at + SLICE);
    sum += buffer.byteLength;
  }
  return sum;
}
