import type { ComputedRef, MaybeRefOrGetter } from "vue";
import type { BindingOptions, Upload, UploadActions, UploadSnapshot } from "./upload-store.js";

export type { BindingOptions, UploadActions, UploadSnapshot } from "./upload-store.js";

/**
 * Uploads a file from a component: gives refs of how that stands, and what starts, pauses and ends it. When its scope is disposed, the
 * upload is aborted, unless `keepAlive` is set. Options may be a ref or a getter, which is asked when an upload starts.
 */
export function useUpload(
  options?: MaybeRefOrGetter<BindingOptions | undefined>,
): { readonly [Name in keyof UploadSnapshot]: ComputedRef<UploadSnapshot[Name]> } & UploadActions;

/** Makes the composable with the `upload` of another entry: `createUseUpload(upload)` with the one of `xuchuan`. */
export function createUseUpload(upload: Upload): typeof useUpload;
