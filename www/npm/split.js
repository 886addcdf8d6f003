import { faultOfUrl, plainHeaders, watched } from './sendable.js';
import { isUrl } from './types.js';

/** Splits a transfer's options: the page's callbacks and its signal stay on this side; the engine gets the rest. */
export function split({ onProgress, onState, signal, ...engine }) {
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
  const why = isUrl(url) ? faultOfUrl(url, { local: true }) : 'is no URL';
  if (why) throw new TypeError(`what refreshUrl() gave ${why}`);
  return String(url);
}
