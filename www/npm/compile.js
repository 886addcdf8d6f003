/** Turns what `init({ wasm })` accepts into a `WebAssembly.Module`. */
export async function compile(source, integrity) {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const response =
    source instanceof Response ? source : await fetch(source, integrity === undefined ? {} : { integrity });
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  const type = response.headers.get('content-type');
  if (type === 'application/wasm' && WebAssembly.compileStreaming) return WebAssembly.compileStreaming(response);
  const bytes = await response.arrayBuffer();
  if (!isWasm(bytes)) {
    throw new Error(`${response.url} is not WebAssembly (its type is ${type}): was engine_bg.wasm deployed?`);
  }
  return WebAssembly.compile(bytes);
}

// Servers that answer every unknown path with index.html are the usual case.
function isWasm(bytes) {
  return bytes.byteLength >= 4 && new DataView(bytes).getUint32(0) === 0x0061736d;
}
