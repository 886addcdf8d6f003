/** Every wasm memory that was made in this scope since this module ran: the engine keeps its own to itself. */
const memories = [];
const { Instance } = WebAssembly;

WebAssembly.Instance = function (...args) {
  const instance = new Instance(...args);
  if (instance.exports.memory) memories.push(instance.exports.memory);
  return instance;
};

/** Their bytes now. A wasm memory never shrinks, so at the end this is the peak. */
export const wasmBytes = () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
