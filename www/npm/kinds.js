/** The name of a value's kind, the same for values from another frame, where `instanceof` fails. */
export const kindOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

export const isBlob = (value) => kindOf(value) === 'Blob' || kindOf(value) === 'File';
export const isFileHandle = (value) => kindOf(value) === 'FileSystemFileHandle';

/** Names a value in an error message. */
export function describe(value) {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return `an object (${kindOf(value)})`;
  return String(value);
}
