import { TransferError, asTransferError } from './errors.js';
import { isBlob, isFileHandle, kindOf } from './kinds.js';
import { Loader } from './loader.js';
import { readOptions, requireArgument } from './options.js';
import { canRun } from './support.js';
import { Transfer } from './transfer.js';
import { Turnstile } from './turnstile.js';

const SOURCE = 'a Blob, a File or a FileSystemFileHandle';

/**
 * Makes the verbs of one entry point. `assets` says where its engine is: `wasm()` what to compile, `integrity` its
 * hash if known, `workers` the ways to start a worker, in order.
 */
export function createShell(assets) {
  const loader = new Loader(assets);
  const open = () => loader.engine();
  const turnstile = new Turnstile();

  function upload(source, given) {
    requireArgument('upload', source, isBlob(source) || isFileHandle(source), SOURCE);
    const { page, engine } = split(readOptions('upload', given));
    if (isFileHandle(source)) return new Transfer(refuse('a FileSystemFileHandle as the source'), null, page);
    return new Transfer(open, (glue, observer) => glue.startUpload(source, engine, observer), {
      ...page,
      total: source.size,
    });
  }

  function download(url, given) {
    const ok = (typeof url === 'string' && url !== '') || kindOf(url) === 'URL';
    requireArgument('download', url, ok, 'a URL, as a string or a URL object');
    const { page, engine } = split(readOptions('download', given));
    if (engine.to !== undefined && engine.to !== 'buffer' && engine.to !== 'blob') {
      return new Transfer(refuse('this target of a download'), null, page);
    }
    return new Transfer(open, (glue, observer) => glue.startDownload(String(url), engine, observer), page);
  }

  function digest(source, given) {
    requireArgument('digest', source, isBlob(source) || isFileHandle(source), SOURCE);
    const options = readOptions('digest', given);
    if (isFileHandle(source)) return refuse('a FileSystemFileHandle as the source')();
    return turnstile.pass().then(() => ask((glue) => glue.digest(source, options)));
  }

  async function pending() {
    const shapes = await ask((glue) => glue.pending());
    return shapes.map(asPending);
  }

  function asPending({ key, ...shape }) {
    return {
      ...shape,
      resume(file, given) {
        const absent = file == null;
        if (shape.needsFile || !absent) requireArgument('resume', file, isBlob(file), 'the file picked again');
        const { page, engine } = split(readOptions(shape.kind, given));
        const start = (glue, observer) => glue.startPending(key, absent ? undefined : file, engine, observer);
        return new Transfer(open, start, { ...page, total: shape.size });
      },
      forget: () => ask((glue) => glue.forgetPending(key)),
    };
  }

  function init(given) {
    loader.configure(readOptions('init', given));
    return open().then(() => {});
  }

  async function ask(use) {
    const engine = await open();
    try {
      return await engine.ask(use);
    } catch (error) {
      throw asTransferError(error);
    }
  }

  return { upload, download, digest, pending, init, isSupported: canRun, TransferError };
}

// The page's callbacks and its signal stay on this side; the engine gets the rest.
function split({ onProgress, onState, signal, ...engine }) {
  return { page: { onProgress, onState, signal }, engine };
}

function refuse(what) {
  return async () => {
    throw new TransferError('unsupported', `This version does not support ${what}`);
  };
}
