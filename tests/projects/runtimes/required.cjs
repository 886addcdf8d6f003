const assert = require('node:assert');

for (const name of ['xuchuan', 'xuchuan/inline', 'xuchuan/upload', 'xuchuan/download']) {
  const { TransferError, init, isSupported } = require(name);
  assert.equal(isSupported(), false);
  assert.rejects(init(), TransferError);
}
console.log('required');
