'use client';

import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { createStore } from './upload-store.js';
import { upload } from './upload.js';

/** Makes the hook with the `upload` of another entry. */
export function createUseUpload(upload) {
  return function useUpload(options) {
    const latest = useRef(options);
    const leaving = useRef(0);
    const [store] = useState(() => createStore(upload, () => latest.current));
    useEffect(() => {
      latest.current = options;
    });
    useEffect(() => {
      clearTimeout(leaving.current);
      // Not at once: StrictMode, and code that is replaced while it runs, take a component down only to put it up again.
      return () => {
        leaving.current = setTimeout(store.leave);
      };
    }, [store]);
    return { ...useSyncExternalStore(store.subscribe, store.get, store.getIdle), ...store.actions };
  };
}

/** Uploads a file from a component: gives how that stands, and what starts, pauses and ends it. */
export const useUpload = /* @__PURE__ */ createUseUpload(upload);
