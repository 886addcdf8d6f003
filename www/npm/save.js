import { TransferError } from './errors.js';
import { describe, isBlob, kindOf } from './types.js';

// A browser may ask the user first, and Safari reads the address only after the answer.
const ANSWERED_WITHIN = 10 * 60_000;

/**
 * Has the browser save bytes in the user's downloads folder, as if a link to them were clicked: a Blob or File, an
 * ArrayBuffer, or a download's result.
 */
export function save(what, name) {
  const { bytes, type } = bytesOf(what);
  if (name != null && typeof name !== 'string') {
    throw new TypeError(`save(): the second argument must be a file's name, not ${describe(name)}`);
  }
  if (typeof document === 'undefined') {
    throw new TransferError('unsupported', 'Only a page can save a file, not a worker: hand the Blob to the page');
  }
  const blob = isBlob(bytes) ? bytes : new Blob([bytes], { type });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name || blob.name || 'download';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), ANSWERED_WITHIN);
}

function bytesOf(what) {
  if (isBytes(what)) return { bytes: what, type: '' };
  if (isBytes(what?.data)) return { bytes: what.data, type: what.contentType ?? '' };
  const expected = "a Blob, an ArrayBuffer or a download's result";
  throw new TypeError(`save(): the first argument must be ${expected}, not ${describe(what)}`);
}

const isBytes = (value) => isBlob(value) || kindOf(value) === 'ArrayBuffer' || ArrayBuffer.isView(value);
