/** @jest-environment node */
import { TransferError, isSupported, upload } from 'xuchuan';
import * as inline from 'xuchuan/inline';

test('a page that uploads can be tested, and is told that it can not here', async () => {
  expect(isSupported()).toBe(false);
  expect(inline.isSupported()).toBe(false);
  const failure = await (async () => upload(new Blob(['a']), { endpoint: 'https://host/upload' }).done)().catch((error) => error);
  expect(failure).toBeInstanceOf(TransferError);
  expect(failure.code).toBe('unsupported');
});
