import { withoutSecrets } from './secrets.js';

/** The name of a value's kind, the same for values from another frame, where `instanceof` fails. */
export const kindOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

export const isBlob = (value) => kindOf(value) === 'Blob' || kindOf(value) === 'File';
export const isFileHandle = (value) => kindOf(value) === 'FileSystemFileHandle';

/** Names a value in an error message. */
export function describe(value) {
  if (typeof value === 'string') {
    const shown = withoutSecrets(value);
    return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown);
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return `an object (${kindOf(value)})`;
  return String(value);
}
