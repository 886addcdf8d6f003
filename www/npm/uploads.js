import { Batches } from './batches.js';
import { filesOf } from './dropped.js';
import { fileOf } from './handle.js';
import { readOptions, requireArgument } from './options.js';
import { split } from './split.js';
import { Transfer } from './transfer.js';
import { asOwn, isFileHandle, isSource } from './types.js';

const SOURCE = 'a Blob, a File or a FileSystemFileHandle';

/** Makes the verbs that send files, of an engine that `open` and `ask` get at. */
export function uploads({ open, ask }) {
  const batches = new Batches();

  function upload(source, given) {
    requireArgument('upload', source, isSource(source), SOURCE);
    const options = readOptions('upload', given);
    // The default is relative, and not every page has an address that it could be relative to.
    readOptions('upload', { endpoint: options.endpoint ?? '/api/upload' });
    return sending(source, options, source.size, (glue, ...rest) => glue.startUpload(...rest));
  }

  function resume({ key, source, options, total }) {
    return sending(source, options, total, (glue, ...rest) => glue.startPending(key, ...rest));
  }

  // Sends a file: of a handle, the file is asked for while the engine loads.
  function sending(given, options, total, start) {
    const { page, engine } = split(options);
    // Now: its frame may be gone in the next moment.
    const source = asOwn(given);
    let file = source;
    const begin = async () => {
      if (isFileHandle(source)) {
        // First: it may ask the user, who has only just clicked.
        const opening = fileOf(source);
        [file] = await Promise.all([opening, open()]);
        engine.handle = source;
      }
      return open();
    };
    const started = (glue, observer) => start(glue, file, engine, observer);
    return new Transfer(begin, started, { ...page, total });
  }

  function digest(source, given) {
    requireArgument('digest', source, isSource(source), SOURCE);
    const options = readOptions('digest', given);
    const own = asOwn(source);
    const file = isFileHandle(own) ? fileOf(own) : batches.join().then(() => own);
    return file.then((opened) => ask((glue) => glue.digest(opened, options)));
  }

  return { kind: 'upload', verbs: { upload, digest, filesOf }, resume };
}
