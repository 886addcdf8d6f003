import type { PendingTransfer, Progress, Transfer, TransferError, TransferState, UploadOptions, UploadResult } from "./types.js";

/** One file of the list. */
export interface UploadItem {
  readonly name: string;
  /** The names of its folders and its own, with `/` between them. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** The file, unless an earlier visit has given it. */
  readonly file?: File;
  /** What there is to be done with it; `unfinished` is what an earlier visit left. */
  readonly phase: "unfinished" | "chosen" | "moving" | "paused" | "failed" | "done";
  /** As of a transfer while it is one that moves, else the phase. */
  readonly state: TransferState | "unfinished" | "chosen";
  /** What it is uploaded by, once that has begun. */
  readonly transfer: Transfer<UploadResult> | null;
  readonly progress: Progress | undefined;
  readonly result: UploadResult | null;
  /** Why it failed: a {@link TransferError}, or the `TypeError` of wrong `options`. */
  readonly error: TransferError | TypeError | null;
  /** Where the server serves it; empty until it is there. */
  readonly url: string;
  readonly pending?: PendingTransfer;
  pause(): void;
  resume(): void;
}

/** Why a file was not taken: its kind, its size, that there are enough, that it came in a folder, that it is there already. */
export interface RefusedFile {
  readonly name: string;
  readonly why: "type" | "size" | "count" | "one" | "folders" | "twice" | "error-file-unreadable";
}

/** The element's own events. They bubble, and leave shadow trees. `input` and `change` tell of other URLs, as of any control. */
export interface XuchuanUploadEventMap {
  /** A file is about to be listed; `preventDefault()` keeps it out. */
  "upload-added": CustomEvent<{ readonly item: UploadItem }>;
  /** Files were not taken. */
  "upload-refused": CustomEvent<{ readonly files: readonly RefusedFile[] }>;
  "upload-progress": CustomEvent<{ readonly item: UploadItem; readonly progress: Progress }>;
  "upload-done": CustomEvent<{ readonly item: UploadItem; readonly url: string }>;
  "upload-error": CustomEvent<{ readonly item: UploadItem; readonly error: TransferError | TypeError }>;
  /** The user, or `removeFile`, has taken a file out. */
  "upload-removed": CustomEvent<{ readonly item: UploadItem }>;
}

/** What uploads for the element: an entry of the package, or what has the same verbs. */
export type UploadEngine = Pick<typeof import("./types.js"), "upload" | "pending" | "filesOf">;

/** The words of one language: texts, and functions that put amounts and names into them. What is missing is said in English. */
export type UploadStrings = Record<string, string | ((...values: never[]) => string)>;

/**
 * `<xuchuan-upload>`: files are chosen, dropped and pasted there, and their URLs go with the form under `name`.
 *
 * Taken out of the page it goes on uploading, and it can be put back; {@link clear} ends all of it.
 */
export class XuchuanUpload extends HTMLElement {
  /** By language tag. Add yours before the element is shown: `XuchuanUpload.strings.fr = { … }`. */
  static strings: Record<string, UploadStrings>;
  /** `xuchuan/upload`, unless you say otherwise: a page that has all from `xuchuan` gives that, and loads one engine. */
  static engine: UploadEngine;

  /** Where chunks go; else `options.endpoint`, else `/api/upload`. */
  endpoint: string;
  /** As of a file input; what is dropped and pasted is held to it, too. */
  accept: string;
  /** What the URLs go under with the form; one entry a file. */
  name: string;
  multiple: boolean;
  /** Takes folders, chosen and dropped, and with them many files. */
  directory: boolean;
  /** Starts an upload as soon as its file is chosen. */
  auto: boolean;
  disabled: boolean;
  /** The form can't be sent without a file. */
  required: boolean;
  /** In bytes; the attribute `max-size` takes `500kB`, `10MB`, `2GB`, too. Infinity if there is none. */
  get maxSize(): number;
  set maxSize(most: number | string | null);
  get maxFiles(): number;
  set maxFiles(most: number | null);
  /** For every upload, as `upload()` takes them: `headers`, `credentials`, `retry` … */
  options: UploadOptions;

  /** The files in the list. */
  readonly files: readonly UploadItem[];
  /** The URLs that go with the form. */
  readonly urls: readonly string[];
  /** The first URL, or `""`. As of a file input it can only be emptied. */
  value: string;

  /** Opens the browser's picker; to be called in a click's handler. */
  choose(): Promise<void>;
  /** Takes files in as if they had been chosen. */
  addFiles(files: Iterable<File>): Promise<void>;
  /** Takes a file out and ends its upload. */
  removeFile(item: UploadItem): void;
  /** Takes all out that was given in this visit, and ends what is under way. */
  clear(): void;
  /** Starts what has been chosen; for elements without `auto`. */
  start(): void;
  /** Pauses all that is under way. */
  pause(): void;
  /** Goes on with all that is paused. */
  resume(): void;

  readonly form: HTMLFormElement | null;
  readonly labels: NodeList;
  readonly validity: ValidityState;
  readonly validationMessage: string;
  readonly willValidate: boolean;
  checkValidity(): boolean;
  reportValidity(): boolean;

  addEventListener<K extends keyof XuchuanUploadEventMap>(
    type: K,
    listener: (this: XuchuanUpload, event: XuchuanUploadEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (this: XuchuanUpload, event: HTMLElementEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/**
 * The attributes for JSX. `xuchuan/react` tells React of them. In another JSX, declare them once:
 *
 * ```ts
 * declare module "preact" { namespace JSX { interface IntrinsicElements { "xuchuan-upload": XuchuanUploadAttributes } } }
 * ```
 */
export interface XuchuanUploadAttributes {
  endpoint?: string | undefined;
  accept?: string | undefined;
  name?: string | undefined;
  multiple?: boolean | undefined;
  directory?: boolean | undefined;
  auto?: boolean | undefined;
  disabled?: boolean | undefined;
  required?: boolean | undefined;
  "max-size"?: number | string | undefined;
  "max-files"?: number | string | undefined;
  options?: UploadOptions | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    "xuchuan-upload": XuchuanUpload;
  }
}
