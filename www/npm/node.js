import { TransferError } from './errors.js';

// The same names for servers that render pages: importing does nothing, calling says why it can't.
function onlyInBrowsers() {
  throw new TransferError('unsupported', 'xuchuan runs in web pages and their workers, not in Node.js, Deno or Bun');
}

export const upload = onlyInBrowsers;
export const download = onlyInBrowsers;
export const digest = async () => onlyInBrowsers();
export const pending = async () => onlyInBrowsers();
export const filesOf = onlyInBrowsers;
export const save = onlyInBrowsers;
export const init = async () => onlyInBrowsers();
export const isSupported = () => false;
export { TransferError };
