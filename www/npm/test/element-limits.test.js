import assert from 'node:assert/strict';
import test from 'node:test';
import { accepts, parseSize } from '../element/limits.js';

test('limits: sizes are bytes, or have a unit', () => {
  const read = { 0: 0, 512: 512, '10MB': 10_000_000, '1.5 GB': 1_500_000_000, ' 2k ': 2000, '3tb': 3e12, '7 B': 7 };
  for (const [text, size] of Object.entries(read)) assert.equal(parseSize(text), size, text);
  for (const text of [null, '', 'MB', '-1', '1.2.3', '5 apples', '1e3', 'Infinity']) assert.ok(Number.isNaN(parseSize(text)), text);
});

test('limits: a file is of a kind by its type or by its name', () => {
  const png = { name: 'Photo.PNG', type: 'image/png' };
  const unknown = { name: 'notes.heic', type: '' };
  for (const accept of ['', ' , ', 'image/png', 'image/*', '.png', '.pdf, IMAGE/*', 'text/plain,.PNG']) {
    assert.ok(accepts(accept, png), accept);
  }
  for (const accept of ['image/jpeg', 'video/*', '.pdf', 'png', 'image/', '.pn']) assert.ok(!accepts(accept, png), accept);
  // What the system does not know is told by its name alone.
  assert.ok(!accepts('image/*', unknown));
  assert.ok(accepts('image/*,.heic', unknown));
});
