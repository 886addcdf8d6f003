// Where a server renders the page, importing is safe, and calling says why it can't be.
import assert from 'node:assert';
import * as all from 'xuchuan';
import * as inline from 'xuchuan/inline';
import * as uploads from 'xuchuan/upload';
import * as downloads from 'xuchuan/download';

for (const entry of [all, inline, uploads, downloads]) {
  assert.equal(entry.isSupported(), false);
  await assert.rejects(entry.init(), { name: 'TransferError', code: 'unsupported' });
}
assert.throws(() => all.upload(new Blob(['a'])), { code: 'unsupported' });
console.log('imported');
