import type { Progress, Transfer, TransferError, TransferState, UploadOptions, UploadResult } from "./types.js";

/** How the upload of a component stands. */
export interface UploadSnapshot {
  /** `idle` before the first. */
  readonly state: TransferState | "idle";
  readonly progress: Progress | null;
  readonly result: UploadResult | null;
  readonly error: TransferError | null;
  readonly transfer: Transfer<UploadResult> | null;
}

export interface UploadActions {
  /**
   * Starts the upload of a file, in the place of the one before; `options` come before those of the component.
   *
   * @throws TypeError at once if the source or an option is wrong.
   */
  upload(source: Blob | FileSystemFileHandle, options?: UploadOptions): Transfer<UploadResult>;
  pause(): void;
  resume(): void;
  abort(reason?: unknown): void;
  /** Ends what is under way, and is as before the first. */
  reset(): void;
}

export interface BindingOptions extends UploadOptions {
  /** The upload goes on when its component goes. Default false: it is aborted; the server keeps what it has of it. */
  keepAlive?: boolean;
}

/** An entry's `upload`. */
export type Upload = (source: Blob | FileSystemFileHandle, options?: UploadOptions) => Transfer<UploadResult>;
