import { kindOf } from './types.js';
import { base } from './sendable.js';
import { watchPolicy } from './policy.js';
import { within } from './sleep.js';
import { withoutSecrets } from './secrets.js';

/** Turns what `init({ wasm })` accepts, of this frame or another, into a `WebAssembly.Module`. */
export async function compile(source, integrity) {
  if (kindOf(source) === 'WebAssembly.Module') return source;
  if (kindOf(source) === 'ArrayBuffer' || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const response = kindOf(source) === 'Response' ? source : await get(source, integrity);
  const url = withoutSecrets(String(response.url || source));
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const type = response.headers.get('content-type');
  if (type === 'application/wasm' && WebAssembly.compileStreaming && response instanceof Response) {
    return WebAssembly.compileStreaming(response);
  }
  // A page's own `fetch` may answer with an object that has blobs only.
  const bytes = await (response.arrayBuffer ? response : await response.blob()).arrayBuffer();
  if (!isWasm(bytes)) {
    throw new Error(`${url} is not WebAssembly (its type is ${type}): was the engine's .wasm file deployed?`);
  }
  return WebAssembly.compile(bytes);
}

async function get(url, integrity) {
  const policy = watchPolicy();
  try {
    // As text: a page's own `fetch` may know no other.
    return await fetch(String(url), integrity === undefined ? {} : { integrity });
  } catch (cause) {
    // The browser's own message names neither the file nor what is wrong with it.
    const why = (await policy.objectionTo(url)) ?? (await objectionOfServer(url, integrity)) ?? cause.message;
    throw new Error(`${withoutSecrets(url)} could not be fetched (${withoutSecrets(why)})`, { cause });
  } finally {
    policy.unwatch();
  }
}

/** Says what is wrong with a file that a server has all the same; nothing if that is not it. */
async function objectionOfServer(url, integrity) {
  if (await answers(url, {})) {
    const isOther = integrity !== undefined && !(await answers(url, { integrity }));
    return isOther ? 'it is not the file that was built with this script' : undefined;
  }
  const { origin } = new URL(url, base());
  if (origin === globalThis.location?.origin || !(await answers(url, { mode: 'no-cors' }))) return undefined;
  return `${origin} does not let pages of other origins read it: it has to answer with Access-Control-Allow-Origin`;
}

async function answers(url, options) {
  try {
    const { ok, type } = await within(2000, fetch(String(url), options));
    return ok || type === 'opaque';
  } catch {
    return false;
  }
}

// Servers that answer every unknown path with index.html are the usual case.
function isWasm(bytes) {
  return bytes.byteLength >= 4 && new DataView(bytes).getUint32(0) === 0x0061736d;
}
