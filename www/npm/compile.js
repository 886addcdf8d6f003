import { withoutSecrets } from './secrets.js';

/** Turns what `init({ wasm })` accepts into a `WebAssembly.Module`. */
export async function compile(source, integrity) {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const response = source instanceof Response ? source : await get(source, integrity);
  if (!response.ok) throw new Error(`${withoutSecrets(response.url)} answered ${response.status}`);
  const type = response.headers.get('content-type');
  if (type === 'application/wasm' && WebAssembly.compileStreaming) return WebAssembly.compileStreaming(response);
  const bytes = await response.arrayBuffer();
  if (!isWasm(bytes)) {
    throw new Error(`${withoutSecrets(response.url)} is not WebAssembly (its type is ${type}): was engine_bg.wasm deployed?`);
  }
  return WebAssembly.compile(bytes);
}

async function get(url, integrity) {
  try {
    return await fetch(url, integrity === undefined ? {} : { integrity });
  } catch (cause) {
    // The browser's own message names neither the file nor a hash that did not match.
    const hint = integrity === undefined ? '' : '; it must be the file that was built with this script';
    throw new Error(`${withoutSecrets(url)} could not be fetched (${withoutSecrets(cause.message)})${hint}`, { cause });
  }
}

// Servers that answer every unknown path with index.html are the usual case.
function isWasm(bytes) {
  return bytes.byteLength >= 4 && new DataView(bytes).getUint32(0) === 0x0061736d;
}
