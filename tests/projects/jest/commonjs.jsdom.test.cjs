/** @jest-environment jsdom */
const { TransferError, isSupported, upload } = require('xuchuan');
const single = require('xuchuan/upload');

test('a page that uploads can be tested, and is told that it can not here', async () => {
  expect(isSupported()).toBe(false);
  expect(single.isSupported()).toBe(false);
  const failure = await (async () => upload(new Blob(['a']), { endpoint: 'https://host/upload' }).done)().catch((error) => error);
  expect(failure).toBeInstanceOf(TransferError);
  expect(failure.code).toBe('unsupported');
});
