import { withoutSecrets } from './secrets.js';

/** The name of a value's kind, the same for values from another frame, where `instanceof` fails. */
export const kindOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

export const isBlob = (value) => kindOf(value) === 'Blob' || kindOf(value) === 'File';
export const isFileHandle = (value) => kindOf(value) === 'FileSystemFileHandle';
export const isUrl = (value) => (typeof value === 'string' && value !== '') || kindOf(value) === 'URL';
/** Tells whether a value is what can be uploaded. */
export const isSource = (value) => isBlob(value) || isFileHandle(value);

/**
 * Returns a file or handle of this page's own for one of another frame: when that is gone, promises of its methods are
 * never settled. The bytes are not copied.
 */
export function asOwn(source) {
  if (isOwn(source)) return source;
  try {
    const own = structuredClone(source);
    if (kindOf(own) === kindOf(source)) return own;
  } catch {
    // Not every browser clones handles.
  }
  if (!isBlob(source)) return source;
  const { name, type, lastModified } = source;
  return kindOf(source) === 'File' ? new File([source], name, { type, lastModified }) : new Blob([source], { type });
}

function isOwn(source) {
  try {
    return source instanceof (isBlob(source) ? Blob : FileSystemFileHandle);
  } catch {
    // The page has put something in its place that is no constructor.
    return false;
  }
}

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
