import { TransferError } from './errors.js';
import { writable } from './handle.js';
import { isFileHandle, kindOf } from './types.js';

const NAMED = ['buffer', 'blob', 'file'];
const isStream = (value) => kindOf(value) === 'WritableStream';

/** What `to` may be. */
export const target = {
  expected: '"buffer", "blob", "file", a FileSystemFileHandle or a WritableStream',
  test: (value) => NAMED.includes(value) || isFileHandle(value) || isStream(value),
  fault: (value) => (isStream(value) && value.locked ? 'is locked: something else writes to it' : undefined),
};

/**
 * Says what is done for a target: what the `engine` is told, what is asked of the user `before`, how the result is handed
 * out, and who is told of a failure.
 */
export function targetOf(to) {
  if (isFileHandle(to)) return { engine: { to: 'file' }, before: () => writable(to), deliver: copyTo(to) };
  if (!isStream(to)) return { engine: to === undefined ? {} : { to } };
  const writer = to.getWriter();
  const tell = (error) => writer.abort(error).catch(() => {});
  return { engine: { to: 'stream', writer }, failed: tell };
}

// At the end and not before: what the user finds in that file is complete, and was checked.
function copyTo(handle) {
  return async (result, signal) => {
    try {
      await result.data.stream().pipeTo(await handle.createWritable(), { signal });
    } catch (cause) {
      const code = cause?.name === 'QuotaExceededError' ? 'quota' : 'unsupported';
      const advice = 'Call it again: what was downloaded is found in the private storage as long as this page is open';
      throw new TransferError(code, `Writing to ${handle.name} failed: ${cause?.message}. ${advice}`, { cause });
    }
    return { ...result, data: handle };
  };
}
