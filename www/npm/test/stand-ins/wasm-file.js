// Stands in for the generated `wasm-file.js`.

export const wasmFile = 'xuchuan.wasm';
export const wasmIntegrity = 'sha384-x';
