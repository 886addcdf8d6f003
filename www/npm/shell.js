import { TransferError, asTransferError } from './errors.js';
import { filesOf } from './dropped.js';
import { fileOf } from './handle.js';
import { asOwn, isBlob, isFileHandle, kindOf } from './kinds.js';
import { Loader } from './loader.js';
import { readOptions, requireArgument, requireUrl } from './options.js';
import { faultOfUrl, plainHeaders, watched } from './sendable.js';
import { canRun } from './support.js';
import { Transfer } from './transfer.js';
import { Turnstile } from './turnstile.js';
import { withoutOthers } from './turns.js';

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
    requireArgument('upload', source, isSource(source), SOURCE);
    const options = readOptions('upload', given);
    // The default is relative, and not every page has an address that it could be relative to.
    readOptions('upload', { endpoint: options.endpoint ?? '/api/upload' });
    return sending(source, options, source.size, (glue, ...rest) => glue.startUpload(...rest));
  }

  // What sends a file: of a handle, the file is asked for while the engine loads.
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

  function download(url, given) {
    const ok = (typeof url === 'string' && url !== '') || kindOf(url) === 'URL';
    requireArgument('download', url, ok, 'a URL, as a string or a URL object');
    requireUrl('download', url);
    const { page, engine } = split(readOptions('download', given));
    if (engine.to !== undefined && engine.to !== 'buffer' && engine.to !== 'blob') {
      return new Transfer(refuse('this target of a download'), null, page);
    }
    return new Transfer(open, (glue, observer) => glue.startDownload(String(url), engine, observer), page);
  }

  function digest(source, given) {
    requireArgument('digest', source, isSource(source), SOURCE);
    const options = readOptions('digest', given);
    const own = asOwn(source);
    const file = isFileHandle(own) ? fileOf(own) : turnstile.pass().then(() => own);
    return file.then((opened) => ask((glue) => glue.digest(opened, options)));
  }

  async function pending() {
    const shapes = await ask((glue) => glue.pending());
    return (await withoutOthers(shapes)).map(asPending);
  }

  function asPending({ key, handle, ...shape }) {
    return {
      ...shape,
      resume(picked, given) {
        const source = picked ?? handle;
        if (shape.needsFile || picked != null) {
          requireArgument('resume', source, isSource(source), 'the file picked again');
        }
        const options = readOptions(shape.kind, given);
        const start = (glue, ...rest) => glue.startPending(key, ...rest);
        if (shape.kind === 'upload') return sending(source, options, shape.size, start);
        const { page, engine } = split(options);
        const started = (glue, observer) => start(glue, undefined, engine, observer);
        return new Transfer(open, started, { ...page, total: shape.size });
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

  return { upload, download, digest, pending, filesOf, init, isSupported: canRun, TransferError };
}

const isSource = (value) => isBlob(value) || isFileHandle(value);

// The page's callbacks and its signal stay on this side; the engine gets the rest.
function split({ onProgress, onState, signal, ...engine }) {
  const watches = [];
  const watch = (name, take) => {
    if (typeof engine[name] !== 'function') return;
    const watching = watched(engine[name], take);
    watches.push(watching);
    engine[name] = watching.ask;
  };
  watch('headers', (given) => plainHeaders(given, 'what headers() gave'));
  watch('refreshUrl', asked);
  // What the page's own function threw last.
  const thrown = () => watches.find((watching) => watching.thrown !== undefined)?.thrown;
  return { page: { onProgress, onState, signal, thrown }, engine };
}

function asked(url) {
  const ok = (typeof url === 'string' && url !== '') || kindOf(url) === 'URL';
  const why = ok ? faultOfUrl(url, { local: true }) : 'is no URL';
  if (why) throw new TypeError(`what refreshUrl() gave ${why}`);
  return String(url);
}

function refuse(what) {
  return async () => {
    throw new TransferError('unsupported', `This version does not support ${what}`);
  };
}
