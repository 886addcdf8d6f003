import { describe, isUrl, kindOf } from './types.js';
import { faultOfUrl, plainHeaders } from './sendable.js';
import { target } from './targets.js';

// Each check is what it expects, in words; whether a value is that; where it has one, why a value of that kind can't be used
// all the same; where it differs, what is handed on, for which it may throw; and whether a wrong value may be a secret.
const bytes = { expected: 'a whole number of bytes, at least 1', test: (v) => Number.isSafeInteger(v) && v >= 1 };
const milliseconds = { expected: 'a number of milliseconds above 0', test: (v) => Number.isFinite(v) && v > 0 };
const flag = { expected: 'true or false', test: (v) => typeof v === 'boolean' };
const callback = { expected: 'a function', test: (v) => typeof v === 'function' };
const oneOf = (...values) => ({
  expected: values.map((v) => `"${v}"`).join(' or '),
  test: (v) => values.includes(v),
});

const address = {
  expected: 'a URL, as a string or a URL object',
  test: isUrl,
  take: String,
};
const endpoint = { ...address, fault: (v) => faultOfUrl(v) };
const headers = {
  expected: 'an object of strings, a Headers object, or a function that returns one',
  test: (v) => typeof v === 'function' || kindOf(v) === 'Headers' || kindOf(v) === 'Object',
  take: (v, what) => (typeof v === 'function' ? v : plainHeaders(v, what)),
  secret: true,
};
const concurrency = {
  expected: '"auto" or a whole number from 1 to 64',
  test: (v) => v === 'auto' || (Number.isInteger(v) && v >= 1 && v <= 64),
};
const RETRY_KEYS = ['budget', 'base', 'cap'];
const retry = {
  expected: 'false or an object with budget, base and cap in milliseconds, each optional',
  test: (v) =>
    v === false ||
    isRecordOf(v, (value, key) => RETRY_KEYS.includes(key) && (value == null || (Number.isFinite(value) && value >= 0))),
  take: (v) => v && Object.fromEntries(Object.entries(v).filter(([, value]) => value != null)),
};
const abortSignal = { expected: 'an AbortSignal', test: (v) => kindOf(v) === 'AbortSignal' };
const extension = {
  expected: 'a file extension such as ".mp4" or ".tar.gz", or ""',
  test: (v) => v === '' || (typeof v === 'string' && /^\.[\w.-]{0,30}[\w-]$/.test(v) && !v.includes('..')),
};
const md5 = {
  expected: 'an MD5 digest of 32 hex digits',
  test: (v) => typeof v === 'string' && /^[0-9a-f]{32}$/i.test(v),
  take: (v) => v.toLowerCase(),
};
const wasm = {
  expected: 'a URL, a Response, an ArrayBuffer or a WebAssembly.Module',
  test: (v) =>
    isUrl(v) || ArrayBuffer.isView(v) || ['Response', 'ArrayBuffer', 'WebAssembly.Module'].includes(kindOf(v)),
};

const both = {
  headers,
  credentials: oneOf('omit', 'same-origin', 'include'),
  concurrency,
  retry,
  stallTimeout: milliseconds,
  signal: abortSignal,
  resume: flag,
  onProgress: callback,
  onState: callback,
};
const chunkId = oneOf('md5', 'md5-index');
const accepts = {
  expected: 'an object with parallel (a whole number, at least 1) and repeats (true or false), each optional',
  test: (v) => isRecordOf(v, (value, key) => value == null || (Object.hasOwn(ACCEPTS, key) && ACCEPTS[key](value))),
};
const ACCEPTS = {
  parallel: (v) => Number.isSafeInteger(v) && v >= 1,
  repeats: (v) => typeof v === 'boolean',
};

const VERBS = {
  upload: { ...both, endpoint, chunkSize: bytes, ext: extension, chunkId, accepts, finishTimeout: milliseconds },
  download: { ...both, to: target, pieceSize: bytes, md5, refreshUrl: callback },
  digest: { chunkSize: bytes, chunkId, onProgress: callback, signal: abortSignal },
  init: { wasm, worker: callback },
};

/** Copies the options of a verb, or throws a `TypeError` that names the one that is wrong. */
export function readOptions(verb, given) {
  const checks = VERBS[verb];
  const read = {};
  if (given == null) return read;
  if (typeof given !== 'object') {
    throw new TypeError(`${verb}(): the options must be an object, not ${describe(given)}`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(checks, name)) {
      throw new TypeError(`${verb}(): there is no option "${name}"; there are ${Object.keys(checks).join(', ')}`);
    }
    if (value == null) continue;
    const { expected, test, fault, take, secret } = checks[name];
    const what = `${verb}(): the option "${name}"`;
    if (!test(value)) {
      throw new TypeError(`${what} must be ${expected}, not ${secret ? kindOf(value) : describe(value)}`);
    }
    const why = fault?.(value);
    if (why) throw new TypeError(`${what} ${why}`);
    read[name] = take ? take(value, what) : value;
  }
  if (verb === 'download' && read.md5 && kindOf(read.to) === 'WritableStream') {
    throw new TypeError('download(): "md5" can\'t be checked for a stream: what was written cannot be taken back');
  }
  return read;
}

/** Throws a `TypeError` unless `value`, the verb's first argument, is what it expects. */
export function requireArgument(verb, value, ok, expected) {
  if (!ok) throw new TypeError(`${verb}(): the first argument must be ${expected}, not ${describe(value)}`);
}

/** Throws a `TypeError` if the verb's first argument is a URL that can't be asked. */
export function requireUrl(verb, url) {
  const why = faultOfUrl(url, { local: true });
  if (why) throw new TypeError(`${verb}(): the first argument ${why}`);
}

function isRecordOf(value, test) {
  return kindOf(value) === 'Object' && Object.entries(value).every(([key, entry]) => test(entry, key));
}
