const NEEDS = 'xuchuan needs WebAssembly with reference types, fetch, Blob and streams: a browser of 2022 or later';
const FORBIDDEN = "the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src";

// A module with one table of external references, the youngest feature the glue relies on.
const REFERENCE_TYPES = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 4, 4, 1, 0x6f, 0, 0]);

/** Tells whether the engine can run here. */
export const canRun = () => obstacle() === undefined;

/** Says why the engine can't run here; undefined if it can. */
export function obstacle() {
  const hasAll =
    typeof WebAssembly === 'object' &&
    typeof fetch === 'function' &&
    typeof Response === 'function' &&
    typeof Blob === 'function' &&
    typeof ReadableStream === 'function' &&
    WebAssembly.validate(REFERENCE_TYPES);
  if (!hasAll) return NEEDS;
  return isAllowed() ? undefined : FORBIDDEN;
}

// A policy is in the way of the first of these in Chromium and Firefox, of the second in WebKit.
function isAllowed() {
  try {
    new WebAssembly.Instance(new WebAssembly.Module(REFERENCE_TYPES));
    return true;
  } catch {
    return false;
  }
}
