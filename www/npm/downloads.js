import { readOptions, requireArgument, requireUrl } from './options.js';
import { save } from './save.js';
import { split } from './split.js';
import { pipe } from './stream.js';
import { targetOf } from './targets.js';
import { Transfer } from './transfer.js';
import { isUrl, kindOf } from './types.js';

/** Makes the verb that fetches files, of an engine that `open` gets at. */
export function downloads({ open }) {
  function download(url, given) {
    requireArgument('download', url, isUrl(url), 'a URL, as a string or a URL object');
    requireUrl('download', url);
    const start = (glue, engine, observer) => glue.startDownload(String(url), engine, observer);
    return new Download(open, start, readOptions('download', given));
  }

  function resume({ key, options, total }) {
    if (kindOf(options.to) === 'WritableStream') {
      throw new TypeError('resume(): what an earlier visit began goes on to where it was begun, or to a file, and not to a stream');
    }
    const start = (glue, engine, observer) => glue.startPending(key, undefined, engine, observer);
    return new Download(open, start, options, { total, begun: true });
  }

  return { kind: 'download', verbs: { download, save }, resume };
}

/** The handle of one download, which may be read as it comes. */
class Download extends Transfer {
  #plan;

  /** @param start `(glue, options, observer) => EngineTransfer` */
  constructor(open, start, { to, ...options }, { total, begun = false } = {}) {
    const { page, engine } = split(options);
    const plan = { to, md5: engine.md5, started: begun, ...targetOf(to) };
    const begin = async () => {
      // First: it may ask the user, who has only just clicked.
      await plan.before?.();
      return open();
    };
    const started = (glue, observer) => {
      plan.started = true;
      return start(glue, { ...engine, ...plan.engine }, observer);
    };
    const deliver = (result, signal) => (plan.deliver ? plan.deliver(result, signal) : result);
    super(begin, started, { ...page, total, deliver: plan.deliver && deliver });
    this.#plan = plan;
    this.done.catch((error) => plan.failed?.(error));
  }

  stream() {
    const { started, to, md5 } = this.#plan;
    if (started || to !== undefined || md5 !== undefined) {
      const why = 'a download without "to" and "md5", at once and once';
      throw new TypeError(`stream() is for ${why}: what was read cannot be taken back`);
    }
    const { readable, writable } = pipe((reason) => this.abort(reason));
    Object.assign(this.#plan, { to: writable, ...targetOf(writable) });
    return readable;
  }
}
