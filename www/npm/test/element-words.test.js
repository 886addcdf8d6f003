import assert from 'node:assert/strict';
import test from 'node:test';
import { strings } from '../element/strings.js';
import { Words, wordsFor } from '../element/words.js';

const [en, zh] = [new Words('en'), new Words('zh')];
// Browsers and versions write different spaces.
const plain = (text) => text.replace(/\s/g, ' ');

test('words: both languages say the same things', () => {
  assert.deepEqual(Object.keys(strings.zh).sort(), Object.keys(strings.en).sort());
  for (const key of Object.keys(strings.en)) assert.equal(typeof strings.zh[key], typeof strings.en[key], key);
});

test('words: what a language lacks is said in English, and what nobody has not at all', (t) => {
  strings.fr = { start: 'Envoyer' };
  t.after(() => delete strings.fr);
  const fr = new Words('fr');
  assert.equal(fr.say('start'), 'Envoyer');
  assert.equal(fr.say('tally', 1, 2), '1 of 2 uploaded');
  assert.equal(fr.say('wait-undefined'), undefined);
});

test('words: amounts have three digits at most, and a unit of the language', () => {
  const amounts = { 0: '0 bytes', 1: '1 byte', 999: '999 bytes', 1000: '1 kB', 1234567: '1.2 MB', 99949999: '99.9 MB', 123456789: '123 MB' };
  for (const [bytes, text] of Object.entries(amounts)) assert.equal(plain(en.bytes(Number(bytes))), text);
  assert.equal(plain(en.bytes(999_600)), '1 MB');
  assert.equal(plain(en.bytes(5e18)), '5,000 PB');
  assert.equal(plain(en.bytes(2_500_000, '-per-second')), '2.5 MB/s');
  assert.match(zh.bytes(1), /字节/);
});

test('words: times get coarser, and never say nothing', () => {
  assert.deepEqual([0.2, 59, 61, 3599, 5400].map((seconds) => plain(en.duration(seconds))), ['1 sec', '59 sec', '2 min', '60 min', '1.5 hr']);
  assert.match(zh.duration(90), /2\s*分钟/);
  assert.match(en.moment(Date.UTC(2026, 10, 28, 12)), /Nov 28, 2026/);
});

test('words: a percent is reached, not nearly reached', () => {
  assert.deepEqual([0, 0.999, 1].map((share) => en.percent(share)), ['0%', '99%', '100%']);
});

test('words: the page’s language, the nearer of two, and English for what is unknown', (t) => {
  strings['zh-Hant'] = {};
  t.after(() => delete strings['zh-Hant']);
  // As browsers match `:lang()`.
  const page = (lang) => ({ matches: (selector) => `${lang}-`.startsWith(`${/\((.*)\)/.exec(selector)[1]}-`) });
  assert.equal(wordsFor(page('zh-CN')).lang, 'zh');
  assert.equal(wordsFor(page('zh-Hant-TW')).lang, 'zh-Hant');
  assert.equal(wordsFor(page('en-GB')).lang, 'en');
  assert.equal(wordsFor(page('pt')).lang, 'en');
  assert.equal(wordsFor(page('zh')), wordsFor(page('zh-CN')));
});
