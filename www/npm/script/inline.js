import { scriptUrl } from './current-script.js';
import { decodeBase64 } from '../base64.js';
import { runScript, workersOf } from './global.js';
import { wasmBase64 } from '../engine-base64.js';

runScript({
  wasm: () => decodeBase64(wasmBase64),
  workers: workersOf(scriptUrl),
});
