import { TransferError } from './errors.js';
import { asOwn } from './types.js';

/**
 * Gets at the file behind a handle, and asks for permission where the browser wants that first: it shows its question
 * only to a user who has just clicked, so nothing else is awaited before.
 */
export async function fileOf(handle) {
  try {
    if (await isAllowed(handle)) return asOwn(await handle.getFile());
  } catch (cause) {
    throw unreadable(handle, cause.message, cause);
  }
  throw unreadable(handle, 'the browser was not allowed to read it');
}

/** Asks for permission to write to a file, where the browser wants that first. */
export async function writable(handle) {
  if (typeof handle.createWritable !== 'function') {
    throw new TransferError('unsupported', `This browser can't write to ${handle.name}: download to "file", and save() that`);
  }
  if (!(await isAllowed(handle, 'readwrite'))) {
    throw new TransferError('unsupported', `The browser was not allowed to write to ${handle.name}`);
  }
}

// Browsers that have handles of their own private files only ask nothing, and have no such methods.
async function isAllowed(handle, kind = 'read') {
  if (!handle.queryPermission) return true;
  const mode = { mode: kind };
  if ((await handle.queryPermission(mode)) === 'granted') return true;
  return (await handle.requestPermission(mode)) === 'granted';
}

function unreadable({ name }, why, cause) {
  const advice = 'Choose the file again; what the server has of it is not lost';
  return new TransferError('file-unreadable', `Opening ${name} failed: ${why}. ${advice}.`, { cause });
}
