/** Resolves after so many milliseconds, or later in a page that nobody sees. */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** As `promise`; rejects if that takes longer than so many milliseconds. */
export function within(ms, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`there was no answer in ${ms} ms`)), ms);
    const settle = (how) => (value) => {
      clearTimeout(timer);
      how(value);
    };
    promise.then(settle(resolve), settle(reject));
  });
}

/** Calls `run` in a task of its own: by a message, since timers are held back; by a timer where no message comes. */
export function nextTask(run) {
  let channel;
  let open = true;
  const once = () => {
    if (!open) return;
    open = false;
    clearTimeout(late);
    try {
      channel?.port1.close();
    } catch {
      // What stands in its place may have nothing to close.
    }
    run();
  };
  const late = setTimeout(once, 100);
  try {
    channel = new MessageChannel();
    channel.port2.onmessage = once;
    channel.port1.postMessage(null);
  } catch {
    // A page may have put something else in its place.
  }
}
