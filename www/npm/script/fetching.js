import { scriptUrl } from './current-script.js';
import { runScript, workersOf } from './global.js';
import { wasmIntegrity } from '../wasm-integrity.js';

runScript({
  wasm: () => new URL('engine_bg.wasm', scriptUrl || location.href),
  integrity: wasmIntegrity,
  workers: workersOf(scriptUrl),
});
