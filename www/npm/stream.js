// What a reader may be behind, in bytes, before the download waits for it.
const ROOM = 1 << 20;

/**
 * Makes the two ends of a download that is read while it comes: `writable` waits until `readable` is read, and a reader that
 * leaves is told to `leave`.
 */
export function pipe(leave) {
  let controller;
  let wake;
  let ended = false;
  const readable = new ReadableStream(
    {
      start: (given) => (controller = given),
      pull: () => wake?.(),
      cancel(reason) {
        ended = true;
        wake?.();
        leave(reason);
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: ROOM }),
  );
  const end = (how) => {
    if (!ended) how();
    ended = true;
  };
  const writable = new WritableStream({
    write(bytes) {
      if (ended) return undefined;
      controller.enqueue(bytes);
      return controller.desiredSize > 0 ? undefined : new Promise((read) => (wake = read));
    },
    close: () => end(() => controller.close()),
    abort: (reason) => end(() => controller.error(reason)),
  });
  return { readable, writable };
}
