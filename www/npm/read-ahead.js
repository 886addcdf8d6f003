// Below this a thread's start costs more than it saves.
const LARGE = 64 << 20;
// Buffers on their way between the two threads, each as large as one read of the engine.
const BUFFERS = 4;

/**
 * Reads large files in a thread of its own, ahead of the one that hashes them.
 *
 * A browser's stream comes in pieces of 25 to 80 KB, and each costs some turns of the thread that reads it: in Firefox
 * a third of the hashing's time. The threads talk as a worker and its owner do, since what goes through a MessagePort
 * is copied by way of another process there.
 */
export class ReadAhead {
  #ways;
  #thread;
  #readers = new Map();
  #lastId = 0;

  /** Each of `ways` returns a worker that has called `readForOwner`; the next is for the files that come after one has failed. */
  constructor(...ways) {
    this.#ways = ways;
  }

  /**
   * Opens a file for the engine, which reads it as by a `ReadableStreamBYOBReader`; throws if it had better do so
   * itself. The engine asks only where files are streams of bytes.
   */
  open(blob) {
    if (blob.size < LARGE) throw new Error('no thread for this file');
    this.#thread ??= this.#start();
    this.#lastId += 1;
    const id = this.#lastId;
    const reader = new FarReader(
      (message, transfer) => this.#thread?.postMessage({ ...message, id }, transfer),
      () => this.#readers.delete(id),
    );
    this.#readers.set(id, reader);
    reader.send({ t: 'read', blob }, []);
    return reader;
  }

  #start() {
    const [way] = this.#ways;
    if (!way) throw new Error('such threads end at once here');
    const thread = way();
    thread.onmessage = ({ data: { id, bytes } }) => this.#readers.get(id)?.arrived(bytes);
    thread.onerror = (event) => {
      // Not a fault of the worker that started it.
      event.preventDefault();
      thread.terminate();
      this.#ways = this.#ways.slice(1);
      this.#thread = undefined;
      for (const reader of this.#readers.values()) reader.arrived(null);
    };
    return thread;
  }
}

// The engine's end of a file that is read in the other thread: a read hands a buffer over and gets another one back.
class FarReader {
  send;
  #closed;
  #filled = [];
  #ended = false;
  #started = false;
  #wake;
  // What the engine has not taken yet of a buffer.
  #rest = new Uint8Array();

  constructor(send, closed) {
    this.send = send;
    this.#closed = closed;
  }

  /** Resolves with `{ value }`, at most as many bytes as `view` has; without them if there are none to be had. */
  async read(view) {
    const { buffer, length } = view;
    if (this.#rest.length === 0) this.#giveBack(buffer);
    while (this.#rest.length === 0) {
      if (this.#filled.length > 0) {
        this.#rest = this.#filled.shift();
      } else if (this.#ended) {
        return {};
      } else {
        await new Promise((resolve) => (this.#wake = resolve));
      }
    }
    const value = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return { value };
  }

  async cancel() {
    this.send({ t: 'leave' }, []);
    this.#closed();
    this.arrived(null);
  }

  /** Takes the next bytes; null if there are no more. */
  arrived(bytes) {
    if (bytes) this.#filled.push(bytes);
    else this.#ended = true;
    this.#wake?.();
  }

  #giveBack(buffer) {
    if (!this.#started) {
      this.#started = true;
      for (let made = 1; made < BUFFERS; made += 1) this.#lend(new ArrayBuffer(buffer.byteLength));
    }
    this.#lend(buffer);
  }

  #lend(buffer) {
    this.send({ t: 'fill', buffer }, [buffer]);
  }
}

// What this thread reads. A reader that nothing but its own pending read refers to is garbage to Chromium, which then
// never settles the read.
const sources = new Map();

/** Takes a message of the thread's owner; tells whether it was one. */
export function readForOwner(scope, message) {
  const { t, id, blob, buffer } = message ?? {};
  const answer = (bytes) => scope.postMessage({ id, bytes }, bytes ? [bytes.buffer] : []);
  if (t === 'read') sources.set(id, new Source(blob, answer));
  else if (t === 'fill') sources.get(id)?.fill(buffer);
  else if (t === 'leave') {
    sources.get(id)?.leave();
    sources.delete(id);
  } else return false;
  return true;
}

// A file that is read as far as there are buffers for it.
class Source {
  #reader;
  #left;
  #ended = false;
  #answer;
  #spare = [];
  #busy = false;

  constructor(blob, answer) {
    this.#reader = blob.stream().getReader({ mode: 'byob' });
    this.#left = blob.size;
    this.#answer = answer;
  }

  async fill(buffer) {
    this.#spare.push(buffer);
    if (this.#busy) return;
    this.#busy = true;
    while (this.#spare.length > 0 && !this.#ended) {
      const bytes = await this.#next(this.#spare.pop());
      if (bytes) this.#left -= bytes.length;
      else this.#ended = true;
      this.#answer(bytes);
    }
    this.#busy = false;
  }

  leave() {
    this.#ended = true;
    this.#reader.cancel().catch(() => {});
  }

  // Null if there are no more, for whatever reason.
  async #next(room) {
    if (this.#left === 0) return null;
    const min = Math.min(room.byteLength, this.#left);
    try {
      const { value } = await this.#reader.read(new Uint8Array(room, 0, min), { min });
      return value?.length ? value : null;
    } catch {
      // The engine finds out why when it reads there itself.
      return null;
    }
  }
}
