const IDLE = Object.freeze({ state: 'idle', progress: null, result: null, error: null, transfer: null });

/**
 * Makes a store of one upload at a time, which the bindings share: `subscribe(listener)`, and `get()` for how the upload stands, which is
 * another object whenever something has changed. `upload` is an entry's verb; `options()` is asked when an upload starts, and when the
 * component goes.
 */
export function createStore(upload, options) {
  const listeners = new Set();
  let snapshot = IDLE;

  function change(changes) {
    snapshot = { ...snapshot, ...changes };
    for (const listener of listeners) listener();
  }

  function start(source, given) {
    const { keepAlive, ...all } = { ...options(), ...given };
    let transfer;
    // Of one that another has replaced nothing is shown any more.
    const follow = (callback, changes) => (value) => {
      if (transfer && snapshot.transfer === transfer) change(changes(value));
      all[callback]?.(value);
    };
    transfer = upload(source, {
      ...all,
      onProgress: follow('onProgress', (progress) => ({ progress })),
      onState: follow('onState', (state) => ({ state })),
    });
    snapshot.transfer?.abort();
    const { state, progress } = transfer;
    change({ ...IDLE, state, progress, transfer });
    const settle = (outcome) => snapshot.transfer === transfer && change({ ...outcome, state: transfer.state });
    transfer.done.then(
      (result) => settle({ result }),
      (error) => settle({ error }),
    );
    return transfer;
  }

  return {
    get: () => snapshot,
    getIdle: () => IDLE,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Ends what is under way, since its component has gone; unless that was to be outlived. */
    leave() {
      if (!options()?.keepAlive) snapshot.transfer?.abort();
    },
    actions: {
      upload: start,
      pause: () => snapshot.transfer?.pause(),
      resume: () => snapshot.transfer?.resume(),
      abort: (reason) => snapshot.transfer?.abort(reason),
      reset() {
        const { transfer } = snapshot;
        change(IDLE);
        transfer?.abort();
      },
    },
  };
}
