import assert from 'node:assert/strict';
import test from 'node:test';
import { withoutSecrets } from '../secrets.js';

const rows = [
  ['https://host/path', 'https://host/path'],
  ['https://host/path?signature=1', 'https://host/path'],
  ['https://host/path#token', 'https://host/path'],
  ['https://host/path?a=1#b', 'https://host/path'],
  ['https://host?a=1', 'https://host'],
  ['https://user:password@host:8443/path', 'https://host:8443/path'],
  ['https://user@host/path', 'https://host/path'],
  ['https://user:p@ss@host/path', 'https://host/path'],
  ['HTTPS://User:Password@host/', 'HTTPS://host/'],
  ['https://host/@name?x', 'https://host/@name'],
  ['chrome-extension://id/page?x=1', 'chrome-extension://id/page'],
  ['no URL at all: 1/2 a@b ? #', 'no URL at all: 1/2 a@b ? #'],
  ['', ''],
];

for (const [text, shown] of rows) {
  test(`secrets: ${JSON.stringify(text)} is shown as ${JSON.stringify(shown)}`, () => {
    assert.equal(withoutSecrets(text), shown);
  });
}

test('secrets: each URL in a text is cut, and the text around it stays', () => {
  const text = 'from "https://a/1?k=1" to <https://u:p@b/2#k>, then http://c/3?k and so on';
  assert.equal(withoutSecrets(text), 'from "https://a/1" to <https://b/2>, then http://c/3 and so on');
});

test('secrets: a URL object and other values are read as texts', () => {
  assert.equal(withoutSecrets(new URL('https://u:p@host/path?k')), 'https://host/path');
  assert.equal(withoutSecrets(undefined), 'undefined');
});
