import { readOptions, requireArgument, requireUrl } from './options.js';
import { split } from './split.js';
import { Transfer } from './transfer.js';
import { isUrl } from './types.js';

/** Makes the verb that fetches files, of an engine that `open` gets at. */
export function downloads({ open }) {
  function download(url, given) {
    requireArgument('download', url, isUrl(url), 'a URL, as a string or a URL object');
    requireUrl('download', url);
    const { page, engine } = split(readOptions('download', given));
    return new Transfer(open, (glue, observer) => glue.startDownload(String(url), engine, observer), page);
  }

  function resume({ key, options, total }) {
    const { page, engine } = split(options);
    const started = (glue, observer) => glue.startPending(key, undefined, engine, observer);
    return new Transfer(open, started, { ...page, total });
  }

  return { kind: 'download', verbs: { download }, resume };
}
