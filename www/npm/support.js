export const NEEDS = 'xuchuan needs WebAssembly with reference types, fetch, Blob and streams: a browser of 2022 or later';

// A module with one table of external references, the youngest feature the glue relies on.
const REFERENCE_TYPES = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 4, 4, 1, 0x6f, 0, 0];

/** Tells whether the engine can run here. */
export function canRun() {
  return (
    typeof WebAssembly === 'object' &&
    typeof fetch === 'function' &&
    typeof Blob === 'function' &&
    typeof ReadableStream === 'function' &&
    WebAssembly.validate(new Uint8Array(REFERENCE_TYPES))
  );
}
