import assert from 'node:assert/strict';
import test from 'node:test';
import { faultOfUrl, plainHeaders, watched } from '../sendable.js';
import { setGlobal } from './stand-ins/globals.js';

const LOCAL = { local: true };

function setPage(t, href, baseURI = href) {
  setGlobal(t, 'location', new URL(href));
  setGlobal(t, 'document', { baseURI });
}

test('URL: what fetch can ask has no fault', (t) => {
  const rows = ['https://host/api', 'http://host:8000', new URL('https://host'), '/api/upload', 'api', '//host/api'];
  rows.push('chrome-extension://id/file', 'moz-extension://id/file');
  for (const url of rows) assert.equal(faultOfUrl(url), undefined, String(url));
  setPage(t, 'https://host/page');
  for (const url of rows) assert.equal(faultOfUrl(url), undefined, String(url));
});

test('URL: what is no server can be read and not written to', () => {
  for (const url of ['blob:https://host/0-1', 'data:text/plain,abc']) {
    assert.equal(faultOfUrl(url, LOCAL), undefined, url);
    assert.match(faultOfUrl(url), /^has the scheme "(blob|data):", which fetch can't ask$/);
  }
});

test('URL: other schemes can be neither read nor written to, and the fault names the scheme', () => {
  for (const url of [
    'ftp://host/',
    'file:///etc/passwd',
    'javascript:void 0',
    'about:blank',
    'ws://host',
    'C:\\file',
  ]) {
    const scheme = new URL(url).protocol;
    for (const options of [undefined, LOCAL])
      assert.equal(faultOfUrl(url, options), `has the scheme "${scheme}", which fetch can't ask`);
  }
});

test("URL: the page's own scheme can be asked, as desktop shells have theirs", (t) => {
  setPage(t, 'app://shell/index.html');
  for (const options of [undefined, LOCAL]) assert.equal(faultOfUrl('app://shell/api', options), undefined);
  assert.match(faultOfUrl('tauri://shell/api'), /scheme "tauri:"/);
});

test('URL: a page that was opened from a file can read files beside it and is told what to give for an endpoint', (t) => {
  setPage(t, 'file:///home/me/page.html');
  assert.equal(faultOfUrl('data.bin', LOCAL), undefined);
  assert.equal(
    faultOfUrl('/api/upload'),
    'has the scheme "file:", which fetch can\'t ask: this page was opened from a file, so give an absolute URL that begins with https:// or http://',
  );
});

test('URL: a relative one is relative to the base of the document', (t) => {
  setPage(t, 'file:///page.html', 'https://host/');
  assert.equal(faultOfUrl('api'), undefined);
  setPage(t, 'https://host/', 'about:blank');
  assert.equal(faultOfUrl('api?key=hunter2'), 'can\'t be read as a URL: "api"');
});

test('URL: in a worker, which has no document, a relative one is relative to its address', (t) => {
  setGlobal(t, 'location', new URL('file:///worker.js'));
  assert.match(faultOfUrl('api'), /scheme "file:"/);
});

test('URL: a password in it is refused, and not shown', () => {
  for (const user of ['user:hunter2', ':hunter2', 'hunter2']) {
    const fault = faultOfUrl(`https://${user}@host:8443/path?signature=hunter2#hunter2`);
    assert.match(
      fault,
      /^carries a user name or a password, which fetch refuses \(https:\/\/host:8443\/path\); send them in the option "headers"$/,
    );
  }
});

test('URL: what is none is shown without its query, and not at all where a password may be in it', () => {
  assert.equal(
    faultOfUrl('https://host:port/path?signature=hunter2'),
    'can\'t be read as a URL: "https://host:port/path"',
  );
  assert.equal(faultOfUrl('https://host:port/path#hunter2'), 'can\'t be read as a URL: "https://host:port/path"');
  assert.equal(faultOfUrl('https://user:hunter2#@host'), "can't be read as a URL");
  assert.equal(faultOfUrl('http://'), 'can\'t be read as a URL: "http://"');
});

test('headers: texts and numbers are copied as texts', () => {
  const given = { Authorization: 'Bearer 1', 'X-Count': 7, 'X-Empty': '', 'X-Latin': 'é' };
  const plain = plainHeaders(given, 'it');
  assert.deepEqual(plain, { Authorization: 'Bearer 1', 'X-Count': '7', 'X-Empty': '', 'X-Latin': 'é' });
  given.Authorization = 'Bearer 2';
  assert.equal(plain.Authorization, 'Bearer 1');
  assert.deepEqual(plainHeaders({}, 'it'), {});
});

test('headers: a Headers object is copied', () => {
  assert.deepEqual(plainHeaders(new Headers({ 'X-A': '1' }), 'it'), { 'x-a': '1' });
});

test('headers: what is neither is refused, and a function that returns nothing is told why', () => {
  const rows = [
    [null, 'it must be an object of texts or a Headers object, not null'],
    [[['a', 'b']], 'it must be an object of texts or a Headers object, not Array'],
    ['Bearer hunter2', 'it must be an object of texts or a Headers object, not String'],
    [new Map([['a', 'hunter2']]), 'it must be an object of texts or a Headers object, not Map'],
    [
      undefined,
      'it must be an object of texts or a Headers object, not undefined (an arrow function with braces returns nothing: write "() => ({ … })")',
    ],
  ];
  for (const [given, message] of rows) assert.throws(() => plainHeaders(given, 'it'), { name: 'TypeError', message });
});

test('headers: the one that can not be sent is named, and its value is never shown', () => {
  const neither = (kind) =>
    `the value of "X-A" is ${kind}, neither a text nor a number; leave out a header that has none`;
  const forbidden = 'the value of "X-A" has a line break or another character that HTTP forbids';
  const rows = [
    ['X-A', undefined, neither('undefined')],
    ['X-A', null, neither('null')],
    ['X-A', NaN, neither('NaN')],
    ['X-A', Infinity, neither('number')],
    ['X-A', true, neither('boolean')],
    ['X-A', { hunter2: 1 }, neither('object')],
    ['X-A', Symbol('hunter2'), neither('symbol')],
    ['X-A', () => 'hunter2', neither('function')],
    ['X-A', 'hunter2\r\nX-B: 1', forbidden],
    ['X-A', 'hunter2\0', forbidden],
    [
      'X-A',
      'hunter2 续',
      'the value of "X-A" has characters that HTTP can\'t carry; send it through encodeURIComponent, for example',
    ],
    ['X A', 'hunter2', '"X A" is no name of a header'],
    ['', 'hunter2', '"" is no name of a header'],
    ['X-续', 'hunter2', '"X-续" is no name of a header'],
    [`${'x'.repeat(60)} yz`, 'hunter2', `"${'x'.repeat(60)}…" is no name of a header`],
  ];
  for (const [name, value, fault] of rows) {
    const refused = { name: 'TypeError', message: `it can't be sent: ${fault}` };
    assert.throws(() => plainHeaders({ 'X-Good': '1', [name]: value }, 'it'), refused);
  }
});

test('headers: a name that browsers keep to themselves is refused, since they would drop it silently', (t) => {
  // Node's own sends what it is told.
  class Request {
    constructor(_, { headers }) {
      this.headers = new Headers(Object.entries(headers).filter(([name]) => name !== 'Cookie'));
    }
  }
  setGlobal(t, 'Request', Request);
  const message = 'it can\'t be sent: browsers keep the header "Cookie" to themselves, and drop it';
  assert.throws(() => plainHeaders({ Cookie: 'hunter2' }, 'it'), { name: 'TypeError', message });
  assert.deepEqual(plainHeaders({ Accept: '*/*' }, 'it'), { Accept: '*/*' });
});

test('headers: a page that has replaced Request can send any', (t) => {
  setGlobal(t, 'Request', undefined);
  assert.deepEqual(plainHeaders({ Cookie: 'a' }, 'it'), { Cookie: 'a' });
});

test('watched function: what it gives is checked and handed on, whether it comes now or later', async () => {
  for (const given of [() => 'a', async () => 'a']) {
    const watch = watched(given, (value) => value + value);
    assert.equal(await watch.ask(), 'aa');
    assert.equal(watch.thrown, undefined);
  }
});

test('watched function: what it threw last is kept, also what the check threw', async () => {
  const [first, second, third] = [new Error('1'), new Error('2'), new TypeError('3')];
  const ways = [
    () => {
      throw first;
    },
    async () => {
      throw second;
    },
    () => 'refused',
  ];
  const check = () => {
    throw third;
  };
  const watch = watched(() => ways.shift()(), check);
  for (const error of [first, second, third]) {
    await assert.rejects(watch.ask(), error);
    assert.equal(watch.thrown, error);
  }
});
