// What the browser tests need of JavaScript: watching for strays, and fakes of the browser's own functions.

const strays = [];
for (const type of ['error', 'unhandledrejection']) {
  globalThis.addEventListener(type, (event) => strays.push(`${type}: ${event.reason ?? event.error ?? event.message}`));
}

/** What went wrong unnoticed since the last call. */
export function takeStrays() {
  return strays.splice(0).join('; ');
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** An observer as the shell gives one, which keeps all it is told; `settled` resolves with the end. */
export function makeObserver(onState = () => {}) {
  const observer = { states: [], progress: [], log: [] };
  observer.settled = new Promise((resolve) => {
    observer.onSettled = (result, error) => {
      observer.log.push('settled');
      resolve({ result, error });
    };
  });
  observer.onState = (state) => {
    observer.states.push(state);
    observer.log.push(state);
    onState(state);
  };
  observer.onProgress = (progress) => observer.progress.push(progress);
  return observer;
}

/** Counts how often a 5 ms timer fires. */
export function startTicker() {
  const ticker = { count: 0 };
  const id = setInterval(() => { ticker.count += 1; }, 5);
  ticker.stop = () => clearInterval(id);
  return ticker;
}

/** A Blob of `count` times the same one. */
export function repeated(blob, count) {
  return new Blob(new Array(count).fill(blob));
}

/** A Blob whose bytes from `from` on can't be read, as those of a file that was removed. */
export function unreadable(bytes, from) {
  const blob = new Blob([bytes]);
  const gone = () => Promise.reject(new DOMException('The file is gone', 'NotReadableError'));
  const slice = Blob.prototype.slice;
  blob.slice = (start, end) => {
    const part = slice.call(blob, start, end);
    if (end > from) part.arrayBuffer = gone;
    return withoutStream(part);
  };
  // A small one is read without a slice of it.
  if (blob.size > from) blob.arrayBuffer = gone;
  return blob;
}

/** A Blob whose bytes take a while to come, as those of a slow disk. */
export function slow(bytes, ms) {
  const blob = new Blob([bytes]);
  const slice = Blob.prototype.slice;
  blob.slice = (start, end) => {
    const part = slice.call(blob, start, end);
    part.arrayBuffer = () => sleep(ms).then(() => Blob.prototype.arrayBuffer.call(part));
    return withoutStream(part);
  };
  blob.arrayBuffer = () => sleep(ms).then(() => Blob.prototype.arrayBuffer.call(blob));
  return blob;
}

/** A Blob on a drive that gives `rate` bytes a ms, and one read's bytes after another's. */
export function slowDrive(bytes, rate) {
  const blob = new Blob([bytes]);
  const slice = Blob.prototype.slice;
  let drive = Promise.resolve();
  const read = (start, end) => {
    drive = drive.then(() => sleep((end - start) / rate));
    return drive.then(() => slice.call(blob, start, end).arrayBuffer());
  };
  blob.slice = (start, end) => {
    const part = slice.call(blob, start, end);
    part.arrayBuffer = () => read(start, end);
    part.stream = () => {
      let at = start;
      return new ReadableStream({
        type: 'bytes',
        async pull(controller) {
          const { view } = controller.byobRequest;
          const next = new Uint8Array(await read(at, Math.min(end, at + 65_536, at + view.byteLength)));
          new Uint8Array(view.buffer, view.byteOffset).set(next);
          at += next.length;
          controller.byobRequest?.respond(next.length);
        },
      });
    };
    return part;
  };
  return blob;
}

/** A Blob whose stream gives `good` bytes and then hangs, as Chromium's can; and whose slices never come, if they `hang`. */
export function hanging(bytes, good, hang) {
  const blob = new Blob([bytes]);
  const slice = Blob.prototype.slice;
  blob.streams = 0;
  blob.slice = (start, end) => {
    const part = slice.call(blob, start, end);
    part.stream = () => {
      blob.streams += 1;
      let at = start;
      return new ReadableStream({
        type: 'bytes',
        async pull(controller) {
          if (at >= good) return new Promise(() => {});
          const { view } = controller.byobRequest;
          const next = new Uint8Array(await slice.call(blob, at, Math.min(good, at + view.byteLength)).arrayBuffer());
          new Uint8Array(view.buffer, view.byteOffset).set(next);
          at += next.length;
          controller.byobRequest.respond(next.length);
        },
      });
    };
    if (hang) part.arrayBuffer = () => new Promise(() => {});
    return part;
  };
  return blob;
}

/** Tells whether this browser reads files as streams of bytes. */
export function hasByteStreams() {
  try {
    new Blob().stream().getReader({ mode: 'byob' });
    return true;
  } catch {
    return false;
  }
}

function withoutStream(blob) {
  blob.stream = () => {
    throw new TypeError('no streams here');
  };
  return blob;
}

/** A Blob that says it is longer than it is, as a file that was cut meanwhile. */
export function shortened(bytes, claimed) {
  const blob = new Blob([bytes]);
  Object.defineProperty(blob, 'size', { value: claimed });
  return blob;
}

/** Replaces a property of the global object; returns the function that puts the old one back. */
export function replace(name, value) {
  const old = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  return () => {
    if (old) Object.defineProperty(globalThis, name, old);
    else delete globalThis[name];
  };
}

/**
 * A fetch whose answers the test writes: `requests` are those that were sent; each has `respond(status, headers)`
 * and then `push(bytes)`, `end()`, `fail()`.
 */
export function fakeFetch() {
  const fake = { requests: [] };
  const undo = replace('fetch', (url, options) => {
    const request = new Request(url, options);
    const entry = { url: request.url, headers: Object.fromEntries(request.headers), aborted: false };
    const promise = new Promise((resolve, reject) => {
      let controller;
      const body = new ReadableStream({
        start(made) {
          controller = made;
        },
      });
      request.signal.addEventListener('abort', () => {
        entry.aborted = true;
        const error = new DOMException('aborted', 'AbortError');
        reject(error);
        try {
          controller.error(error);
        } catch {}
      });
      entry.respond = (status, headers) => resolve(new Response(body, { status, headers }));
      entry.push = (bytes) => controller.enqueue(bytes);
      entry.end = () => controller.close();
      entry.fail = () => controller.error(new TypeError('network error'));
    });
    fake.requests.push(entry);
    return promise;
  });
  fake.restore = undo;
  return fake;
}

/** A worker in name only: `posted` has what it was sent; `say` and `die` are its side. */
export function fakeWorker() {
  const worker = new EventTarget();
  worker.posted = [];
  worker.postMessage = (message) => worker.posted.push(message);
  worker.terminated = false;
  worker.terminate = () => {
    worker.terminated = true;
  };
  worker.say = (data) => worker.dispatchEvent(new MessageEvent('message', { data }));
  worker.die = () => worker.dispatchEvent(new Event('error'));
  worker.messageerror = () => worker.dispatchEvent(new Event('messageerror'));
  return worker;
}

/** Deletes a database; resolves with whether nobody stood in the way. */
export function deleteDatabase(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    let free = true;
    const late = setTimeout(() => resolve(false), 3000);
    request.onblocked = () => {
      free = false;
    };
    request.onsuccess = () => {
      clearTimeout(late);
      resolve(free);
    };
    request.onerror = () => reject(request.error);
  });
}

/** Writes straight into the journal, past the engine. */
export function putRaw(store, key, value) {
  return new Promise((resolve, reject) => {
    const open = indexedDB.open('xuchuan');
    open.onerror = () => reject(open.error);
    open.onsuccess = () => {
      const transaction = open.result.transaction(store, 'readwrite');
      transaction.objectStore(store).put(value, key);
      transaction.oncomplete = () => {
        open.result.close();
        resolve();
      };
      transaction.onabort = () => reject(transaction.error);
    };
  });
}
