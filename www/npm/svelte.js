import { createStore } from './upload-store.js';
import { upload } from './upload.js';

/** Makes the store with the `upload` of another entry. */
export function createUploadWith(upload) {
  return function createUpload(options) {
    const store = createStore(upload, () => (typeof options === 'function' ? options() : options));
    let readers = 0;

    function subscribe(run) {
      run(store.get());
      const unsubscribe = store.subscribe(() => run(store.get()));
      readers += 1;
      return () => {
        if (!unsubscribe()) return;
        readers -= 1;
        // Not at once: a component may be taken down only to be put up again.
        setTimeout(() => readers > 0 || store.leave());
      };
    }

    return { subscribe, ...store.actions };
  };
}

/** Uploads a file: a store of how that stands, which can start, pause and end it. */
export const createUpload = /* @__PURE__ */ createUploadWith(upload);
