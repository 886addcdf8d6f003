import { createEngine, version } from './engine.js';
import { watchTraps } from './traps.js';
import { ReadAhead, readForOwner } from './read-ahead.js';
import { startWorker } from './trusted.js';

/** Makes a worker's scope serve the engine of the page that started it, or read files for such a worker. */
export function serve(scope) {
  const early = [];
  // A worker's script can be started once more only as what it is, which depends on who bundled it. As we do, it is both.
  const startAs = (type) => () => startWorker(scope.location.href, { type, name: scope.name });
  const files = new ReadAhead(startAs('module'), startAs('classic'));

  // Installed before anything is awaited: what arrives at a worker without a handler is lost.
  scope.onmessage = (event) => {
    if (event.data?.t !== 'init') {
      if (!readForOwner(scope, event.data)) early.push(event);
      return;
    }
    scope.onmessage = null;
    scope.onmessageerror = null;
    start(event.data.module);
  };
  // The policy of this worker's own response may forbid the module. Thrown, the page hears of it as `error`.
  scope.onmessageerror = () => {
    throw new Error('The engine could not be handed to its worker');
  };

  function start(module) {
    let dead = false;
    const engine = createEngine(
      watchTraps((error) => {
        dead = true;
        // Out of the promise callback it may have happened in, where the page would not hear of it.
        setTimeout(() => {
          throw error;
        });
      }),
      (blob) => files.open(blob),
    );
    engine.initSync({ module });
    engine.serveWorker();
    for (const { data, ports } of early) scope.dispatchEvent(new MessageEvent('message', { data, ports }));
    if (!dead) scope.postMessage({ t: 'ready', version });
  }
}
