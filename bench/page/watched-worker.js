// The package's worker, which also tells how much wasm memory it has.
import { wasmBytes } from './memories.js';
import '/pkg/worker.js';

const channel = new BroadcastChannel('bench-memory');
channel.onmessage = () => channel.postMessage(wasmBytes());
