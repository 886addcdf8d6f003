import { computed, getCurrentScope, onScopeDispose, shallowRef, toValue } from 'vue';
import { createStore } from './upload-store.js';
import { upload } from './upload.js';

/** Makes the composable with the `upload` of another entry. */
export function createUseUpload(upload) {
  return function useUpload(options) {
    const store = createStore(upload, () => toValue(options));
    const snapshot = shallowRef(store.get());
    store.subscribe(() => {
      snapshot.value = store.get();
    });
    if (getCurrentScope()) onScopeDispose(store.leave);
    const refs = Object.keys(store.get()).map((name) => [name, computed(() => snapshot.value[name])]);
    return { ...Object.fromEntries(refs), ...store.actions };
  };
}

/** Uploads a file from a component: gives refs of how that stands, and what starts, pauses and ends it. */
export const useUpload = /* @__PURE__ */ createUseUpload(upload);
