import type {} from "react";
import type { XuchuanUpload, XuchuanUploadAttributes, XuchuanUploadEventMap } from "./element.js";
import type { BindingOptions, Upload, UploadActions, UploadSnapshot } from "./upload-store.js";

export type { BindingOptions, UploadActions, UploadSnapshot } from "./upload-store.js";

/**
 * Uploads a file from a component: gives how that stands, and what starts, pauses and ends it. When the component goes, the upload is
 * aborted, unless `keepAlive` is set.
 */
export function useUpload(options?: BindingOptions): UploadSnapshot & UploadActions;

/** Makes the hook with the `upload` of another entry: `createUseUpload(upload)` with the one of `xuchuan`, for a page that downloads, too. */
export function createUseUpload(upload: Upload): typeof useUpload;

type Listeners = { [Type in keyof XuchuanUploadEventMap as `on${Type}`]?: ((event: XuchuanUploadEventMap[Type]) => void) | undefined };

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "xuchuan-upload": DetailedHTMLProps<HTMLAttributes<XuchuanUpload>, XuchuanUpload> & XuchuanUploadAttributes & Listeners;
    }
  }
}
