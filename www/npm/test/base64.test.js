import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeBase64 } from '../base64.js';

test('base64: gives the bytes that were encoded', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  for (const length of [0, 1, 2, 3, 256]) {
    const decoded = decodeBase64(bytes.subarray(0, length).toString('base64'));
    assert.ok(decoded instanceof ArrayBuffer);
    assert.deepEqual(Buffer.from(decoded), bytes.subarray(0, length));
  }
});
