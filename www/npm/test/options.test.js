import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { readOptions, requireArgument, requireUrl } from '../options.js';
import { wasm } from './stand-ins/wasm.js';

const { signal } = new AbortController();
const noop = () => {};
const url = new URL('https://host/api');
const module = new WebAssembly.Module(wasm);
const response = new Response('');
const MD5 = '0123456789abcdef0123456789abcdef';
const foreign = (kind) => Object.create({ [Symbol.toStringTag]: kind });

// For each option: what is accepted (a pair: and what is handed on for it), and what is refused.
const bytes = { good: [1, 5, 2 ** 53 - 1], bad: [0, -1, 1.5, NaN, Infinity, 2 ** 53, '5', true, {}] };
const milliseconds = { good: [1, 0.5, 30_000], bad: [0, -1, NaN, Infinity, '5', true] };
const callback = { good: [noop, async () => {}], bad: ['f', {}, true, 1] };
const chunkId = { good: ['md5', 'md5-index'], bad: ['MD5', 'sha1', '', 1, {}] };
const both = {
  headers: {
    good: [[{ 'X-A': 1 }, { 'X-A': '1' }], [new Headers({ 'X-A': '1' }), { 'x-a': '1' }], noop],
    bad: [[], 7, true, { 'X A': '1' }, { 'X-A': undefined }, { 'X-A': 'a\nb' }],
  },
  credentials: { good: ['omit', 'same-origin', 'include'], bad: ['all', '', true, {}] },
  concurrency: { good: ['auto', 1, 64], bad: [0, 65, 1.5, NaN, '4', 'AUTO', true, {}] },
  retry: {
    good: [false, {}, { budget: 0, base: 1, cap: 2.5 }, [{ budget: null, base: undefined, cap: 5 }, { cap: 5 }]],
    bad: [
      true,
      0,
      'no',
      [],
      { budget: -1 },
      { base: '1' },
      { cap: NaN },
      { cap: Infinity },
      { tries: 3 },
      { tries: null },
    ],
  },
  stallTimeout: milliseconds,
  signal: { good: [signal, foreign('AbortSignal')], bad: [new AbortController(), {}, noop, 'signal'] },
  resume: { good: [true, false], bad: [0, 1, 'true', {}] },
  onProgress: callback,
  onState: callback,
};
const TABLE = {
  upload: {
    ...both,
    endpoint: {
      good: ['/api', 'api', 'https://host/api', [url, 'https://host/api'], '//host'],
      bad: ['', 7, {}, true, 'ftp://host', 'https://user:pass@host', 'http://', 'blob:https://host/1'],
    },
    chunkSize: bytes,
    ext: {
      good: ['', '.mp4', '.tar.gz', '.a-b_c', `.${'x'.repeat(31)}`],
      bad: ['mp4', '.', '..', '.mp4.', '.a..b', '.a/b', '.a b', '.续', `.${'x'.repeat(32)}`, 7, {}],
    },
    chunkId,
    accepts: {
      good: [{}, { parallel: 1 }, { parallel: 8, repeats: true }, { parallel: null, repeats: undefined }],
      bad: [
        true,
        8,
        [],
        { parallel: 0 },
        { parallel: 1.5 },
        { parallel: '8' },
        { repeats: 1 },
        { repeat: true },
        { toString: 1 },
      ],
    },
    finishTimeout: milliseconds,
  },
  download: {
    ...both,
    to: { good: ['buffer', 'blob'], bad: ['disk', '', 'BLOB', true, {}, new Blob([])] },
    pieceSize: bytes,
    md5: {
      good: [MD5, [MD5.toUpperCase(), MD5]],
      bad: ['', MD5.slice(1), `${MD5}0`, MD5.replace('0', 'g'), ` ${MD5}`, 7],
    },
    refreshUrl: callback,
  },
  digest: { chunkSize: bytes, chunkId, onProgress: callback, signal: both.signal },
  init: {
    wasm: {
      good: [
        'engine.wasm',
        url,
        response,
        new ArrayBuffer(8),
        new Uint8Array(8),
        new DataView(new ArrayBuffer(8)),
        module,
      ],
      bad: ['', 7, true, {}, new Blob([]), noop],
    },
    worker: callback,
  },
};

for (const [verb, options] of Object.entries(TABLE)) {
  for (const [name, { good, bad }] of Object.entries(options)) {
    test(`options: ${verb}() takes a right ${name} and refuses a wrong one, naming it`, () => {
      for (const row of good) {
        const [given, taken] = Array.isArray(row) ? row : [row, row];
        assert.deepEqual(readOptions(verb, { [name]: given }), { [name]: taken });
      }
      for (const given of bad) {
        const refused = (error) =>
          error instanceof TypeError && error.message.startsWith(`${verb}(): the option "${name}"`);
        assert.throws(() => readOptions(verb, { [name]: given }), refused, inspect(given));
      }
    });

    test(`options: null and undefined are the default of ${verb}()'s ${name}`, () => {
      assert.deepEqual(readOptions(verb, { [name]: null }), {});
      assert.deepEqual(readOptions(verb, { [name]: undefined }), {});
    });
  }

  test(`options: ${verb}() needs none`, () => {
    for (const given of [undefined, null, {}]) assert.deepEqual(readOptions(verb, given), {});
  });

  test(`options: ${verb}() refuses an option that it does not have, and says which it has`, () => {
    for (const name of ['chunksize', 'toString', 'constructor']) {
      assert.throws(
        () => readOptions(verb, { [name]: noop }),
        ({ message }) => {
          const [fault, there] = message.split('; there are ');
          assert.equal(fault, `${verb}(): there is no option "${name}"`);
          assert.deepEqual(there.split(', ').sort(), Object.keys(options).sort());
          return true;
        },
      );
    }
  });
}

test('options: what is no object is refused', () => {
  for (const given of ['text', 7, true, noop]) {
    assert.throws(() => readOptions('upload', given), /^TypeError: upload\(\): the options must be an object, not /);
  }
});

test("options: all that is given is handed on, and the page's object is left as it is", () => {
  const given = Object.freeze({ chunkSize: 5, ext: null, endpoint: '/api', concurrency: 2 });
  assert.deepEqual(readOptions('upload', given), { chunkSize: 5, endpoint: '/api', concurrency: 2 });
});

test('options: the message says what is expected and what was found', () => {
  const rows = [
    [
      'upload',
      { chunkSize: 1.5 },
      'upload(): the option "chunkSize" must be a whole number of bytes, at least 1, not 1.5',
    ],
    [
      'upload',
      { concurrency: '4' },
      'upload(): the option "concurrency" must be "auto" or a whole number from 1 to 64, not "4"',
    ],
    [
      'upload',
      { credentials: 'all' },
      'upload(): the option "credentials" must be "omit" or "same-origin" or "include", not "all"',
    ],
    ['download', { signal: {} }, 'download(): the option "signal" must be an AbortSignal, not an object (Object)'],
    [
      'upload',
      { endpoint: 'ftp://h' },
      'upload(): the option "endpoint" has the scheme "ftp:", which fetch can\'t ask',
    ],
    [
      'upload',
      { headers: { a: null } },
      'upload(): the option "headers" can\'t be sent: the value of "a" is null, neither a text nor a number; leave out a header that has none',
    ],
  ];
  for (const [verb, given, message] of rows)
    assert.throws(() => readOptions(verb, given), { name: 'TypeError', message });
});

test('options: no message shows a secret', () => {
  const SECRET = 'hunter2';
  const rows = [
    ['upload', { endpoint: `https://user:${SECRET}@host` }],
    ['upload', { endpoint: `ftp://user:${SECRET}@host/?${SECRET}` }],
    ['upload', { headers: { 'X-A': `${SECRET}\n` + 'x' } }],
    ['upload', { headers: [SECRET] }],
    ['upload', { headers: `Authorization: Bearer ${SECRET}` }],
    ['upload', { accepts: `https://host/?key=${SECRET}` }],
    ['upload', { retry: { token: SECRET } }],
    ['download', { md5: `https://host/?${SECRET}` }],
  ];
  for (const [verb, given] of rows) {
    assert.throws(
      () => readOptions(verb, given),
      (error) => error instanceof TypeError && !error.message.includes(SECRET),
    );
  }
});

test('first argument: a wrong one is a TypeError that says what is expected', () => {
  requireArgument('upload', new Blob([]), true, 'a Blob');
  assert.throws(() => requireArgument('upload', 'https://host/?key=1', false, 'a Blob'), {
    name: 'TypeError',
    message: 'upload(): the first argument must be a Blob, not "https://host/"',
  });
});

test('first argument: a URL that can not be asked is a TypeError; one that is only read may be local', () => {
  for (const good of ['/file', 'https://host/file', url, 'blob:https://host/1', 'data:,abc'])
    requireUrl('download', good);
  for (const bad of ['ftp://host/', 'https://user:pass@host/', 'http://']) {
    assert.throws(
      () => requireUrl('download', bad),
      /^TypeError: download\(\): the first argument (has|carries|can't)/,
    );
  }
});
