// What `fetch` can never send, told by the browser's own `URL`, `Headers` and `Request` before anything is sent.
import { kindOf } from './types.js';
import { withoutSecrets } from './secrets.js';

/**
 * Says why `fetch` can't ask `url`, or nothing. `local` allows what is no server (`blob:`, `data:`), which can be read and
 * not written to.
 */
export function faultOfUrl(url, { local = false } = {}) {
  let parsed;
  try {
    parsed = new URL(url, base());
  } catch {
    // Where a password may be in it, nobody can tell where that ends.
    const shown = String(url).includes('@') ? '' : `: ${JSON.stringify(withoutSecrets(url).split(/[?#]/)[0])}`;
    return `can't be read as a URL${shown}`;
  }
  if (parsed.username || parsed.password) {
    return `carries a user name or a password, which fetch refuses (${parsed.protocol}//${parsed.host}${parsed.pathname}); send them in the option "headers"`;
  }
  if (canAsk(parsed.protocol, local)) return undefined;
  const why = `has the scheme "${parsed.protocol}", which fetch can't ask`;
  return parsed.protocol === 'file:' && ownScheme() === 'file:'
    ? `${why}: this page was opened from a file, so give an absolute URL that begins with https:// or http://`
    : why;
}

/** What relative addresses are relative to. */
export const base = () => globalThis.document?.baseURI ?? globalThis.location?.href ?? 'http://localhost/';
const ownScheme = () => globalThis.location?.protocol;

// Pages of extensions and of desktop shells have schemes of their own.
function canAsk(protocol, local) {
  if (protocol === 'http:' || protocol === 'https:' || protocol.endsWith('-extension:')) return true;
  if (local && (protocol === 'blob:' || protocol === 'data:')) return true;
  return protocol === ownScheme() && (local || !['file:', 'about:', 'blob:', 'data:'].includes(protocol));
}

/** Copies headers as text, as `fetch` would read them. Throws a `TypeError` that names the one that can't be sent. */
export function plainHeaders(given, what) {
  if (kindOf(given) === 'Headers') return Object.fromEntries(given);
  if (kindOf(given) !== 'Object') {
    const found = given == null ? String(given) : kindOf(given);
    const hint = given === undefined ? ' (an arrow function with braces returns nothing: write "() => ({ … })")' : '';
    throw new TypeError(`${what} must be an object of texts or a Headers object, not ${found}${hint}`);
  }
  const plain = {};
  for (const [name, value] of Object.entries(given)) {
    const fault = faultOfHeader(name, value);
    if (fault) throw new TypeError(`${what} can't be sent: ${fault}`);
    plain[name] = String(value);
  }
  return plain;
}

// The value is never shown: it may be a token.
function faultOfHeader(name, value) {
  const called = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
  if (typeof value !== 'string' && !Number.isFinite(value)) {
    const kind = value === null || Number.isNaN(value) ? String(value) : typeof value;
    return `the value of ${called} is ${kind}, neither a text nor a number; leave out a header that has none`;
  }
  const text = String(value);
  if (accepts((headers) => headers.append(name, text))) {
    return isForbidden(name, text) ? `browsers keep the header ${called} to themselves, and drop it` : undefined;
  }
  if (!accepts((headers) => headers.append(name, ''))) return `${called} is no name of a header`;
  if (/[^\0-\xff]/.test(text)) {
    return `the value of ${called} has characters that HTTP can't carry; send it through encodeURIComponent, for example`;
  }
  return `the value of ${called} has a line break or another character that HTTP forbids`;
}

function accepts(use) {
  try {
    use(new Headers());
    return true;
  } catch {
    return false;
  }
}

// Forbidden names throw nowhere: a request is silently made without them.
function isForbidden(name, value) {
  try {
    const request = new Request('https://localhost/', { headers: { [name]: value } });
    return !request.headers.has(name);
  } catch {
    return false;
  }
}

/**
 * Watches a function of the page: `ask` calls it and checks with `take` what it gives; `thrown` is what it threw last, so
 * that the error which comes of it can name that as its cause.
 */
export function watched(given, take) {
  const watch = {
    thrown: undefined,
    async ask() {
      try {
        return take(await given());
      } catch (error) {
        watch.thrown = error;
        throw error;
      }
    },
  };
  return watch;
}
