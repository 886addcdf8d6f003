// What an entry that loads no files has inside. The build makes one for each engine (`inlined.js`, `upload.inlined.js`,
// `download.inlined.js`); the entries with files load it where a build tool has not carried those along.
export { wasmBase64 } from './engine-base64.js';
export { workerSource } from './worker-source.js';
