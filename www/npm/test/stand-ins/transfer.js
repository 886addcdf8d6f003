// A transfer with an engine that does what a test tells it.
import './generated.js';
import { settled } from './globals.js';
import { module } from './wasm.js';

const { LiveEngine } = await import('../../live-engine.js');
const { Transfer } = await import('../../transfer.js');

/** What an upload comes to. */
export const RESULT = { url: 'https://host/file' };

/** An engine, and the glue behind it. */
export function engine() {
  const live = new LiveEngine(module, 'source');
  return { live, glue: live.call((glue) => glue) };
}

// The engine's side of a transfer: what it is told is noted, what it knows can be set.
class EngineTransfer {
  told = [];
  known = {
    progress: { state: 'transferring', total: 9, confirmed: 3 },
    chunks: Uint8Array.of(3, 1),
    report: { kind: 'upload' },
  };

  constructor(observer) {
    this.observer = observer;
  }

  pause() {
    this.told.push('pause');
  }

  resume() {
    this.told.push('resume');
  }

  abort(reason) {
    this.told.push(['abort', reason]);
  }

  progress() {
    return this.known.progress;
  }

  chunks() {
    return this.known.chunks;
  }

  report() {
    return this.known.report;
  }
}

/** A transfer of an engine that loads when `load` is called, and all that the page hears of it. */
export function made(options = {}) {
  const at = { states: [], progress: [], started: [], ...engine() };
  const opening = new Promise((resolve) => (at.load = (live = at.live) => resolve(live)));
  const start = (glue, observer) => {
    const side = new EngineTransfer(observer);
    at.started.push(side);
    at.side = side;
    return side;
  };
  at.transfer = new Transfer(options.open ?? (() => opening), options.start ?? start, {
    total: 9,
    onState: (state) => at.states.push(state),
    onProgress: (progress) => at.progress.push(progress),
    ...options,
  });
  return at;
}

/** The same, when the engine has taken it in. */
export async function running(options) {
  const at = made(options);
  at.load();
  await settled();
  return at;
}
