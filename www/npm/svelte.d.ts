import type { BindingOptions, Upload, UploadActions, UploadSnapshot } from "./upload-store.js";

export type { BindingOptions, UploadActions, UploadSnapshot } from "./upload-store.js";

/** A store by Svelte's contract: `$store.state`, `$store.progress` … */
export interface UploadStore extends UploadActions {
  subscribe(run: (snapshot: UploadSnapshot) => void): () => void;
}

/**
 * Uploads a file: a store of how that stands, which can start, pause and end it. When nobody reads it any more, as after its component
 * has gone, the upload is aborted, unless `keepAlive` is set. Options may be a function, which is asked when an upload starts.
 */
export function createUpload(options?: BindingOptions | (() => BindingOptions | undefined)): UploadStore;

/** Makes the store with the `upload` of another entry: `createUploadWith(upload)` with the one of `xuchuan`. */
export function createUploadWith(upload: Upload): typeof createUpload;
