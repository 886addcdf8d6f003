// The package's worker, which also tells how much wasm memory it has.
import { wasmBytes } from './memories.js';
import '/pkg/worker.js';

const channel = new BroadcastChannel('bench-memory');
channel.onmessage = () => {
  // The thread that reads ahead runs this script too, and has none.
  const bytes = wasmBytes();
  if (bytes > 0) channel.postMessage(bytes);
};
