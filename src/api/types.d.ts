/**
 * Uploads a file in chunks and resolves with its URL. A file the server already has takes one request; an upload
 * that was cut off goes on where it stopped. Of a handle, the browser may ask the user for permission, which takes a
 * click; the handle is remembered where the browser can, and then the upload goes on after a reload without its file
 * being chosen again.
 *
 * @throws TypeError at once if the source or an option is wrong.
 */
export function upload(source: Blob | FileSystemFileHandle, options?: UploadOptions): Transfer<UploadResult>;

/**
 * Downloads by ranges where the server can do that, in parallel and resumable, and whole where it can't.
 *
 * @throws TypeError at once if the URL or an option is wrong.
 */
export function download(url: string | URL, options: DownloadOptions & { to: "blob" }): Download<DownloadResult<Blob>>;
export function download(url: string | URL, options: DownloadOptions & { to: "file" }): Download<DownloadResult<File>>;
export function download(
  url: string | URL,
  options: DownloadOptions & { to: FileSystemFileHandle },
): Download<DownloadResult<FileSystemFileHandle>>;
export function download(
  url: string | URL,
  options: DownloadOptions & { to: WritableStream },
): Download<DownloadResult<null>>;
export function download(
  url: string | URL,
  options?: DownloadOptions & { to?: "buffer" | null },
): Download<DownloadResult<ArrayBuffer>>;
export function download(
  url: string | URL,
  options?: DownloadOptions,
): Download<DownloadResult<ArrayBuffer | Blob | File | FileSystemFileHandle | null>>;

/**
 * Has the browser save bytes in the user's downloads folder: a download's result, a Blob or File, or bytes. They are not
 * copied where they are on disk already. Without `name` a File's own counts, else `"download"`.
 *
 * @throws TypeError if there are no bytes in what is given.
 * @throws TransferError `unsupported` in a worker.
 */
export function save(
  what: DownloadResult<ArrayBuffer | Blob | File> | Blob | ArrayBuffer | ArrayBufferView,
  name?: string | null,
): void;

/** Computes what an upload would announce: the file's MD5 and its chunks'. Rejects with a {@link TransferError}. */
export function digest(source: Blob | FileSystemFileHandle, options?: DigestOptions): Promise<Digest>;

/**
 * Walks what was dropped or pasted, and the folders in it to their end. Call it in the event's handler, not later.
 * What can't be read ends the walk with a {@link TransferError} (`file-unreadable`), after all that can.
 */
export function filesOf(transfer: DataTransfer | null): AsyncGenerator<DroppedFile, void, undefined>;

/** Lists what earlier visits to this site left unfinished, in this browser; not the uploads that a tab is at now. */
export function pending(): Promise<PendingTransfer[]>;

/**
 * Loads the engine ahead of the first verb, or from elsewhere. Only the call that starts the loading can say from
 * where; a failed one is forgotten, so that the next call tries again. Rejects with a {@link TransferError}.
 */
export function init(options?: InitOptions): Promise<void>;

/** Tells whether the engine can run here; false in Node.js. */
export function isSupported(): boolean;

/** Where a transfer stands: on its way from `queued` to `done`, held up (`paused`, `waiting`), or ended. */
export type TransferState =
  | "queued"
  | "hashing"
  | "negotiating"
  | "transferring"
  | "finishing"
  | "done"
  | "paused"
  | "waiting"
  | "failed"
  | "aborted";

/** Headers for every request of a transfer. A number is sent as text; what else is no text is an error. */
export type HeaderValues = Record<string, string | number> | Headers;

/** The options that uploads and downloads share. `null` and `undefined` mean the default. */
export interface TransferOptions {
  /**
   * Sent with every request. A function is asked before each request; after a 401 it is asked once more, for all
   * requests in flight, and they are sent again. What `fetch` would refuse or silently drop (text beyond Latin-1, a name
   * that browsers keep to themselves) is a `TypeError` at once, or `rejected` where a function gives it. A function that
   * throws ends the transfer as well, unless the device is offline or what it throws has `retryable: true`.
   */
  headers?: HeaderValues | (() => HeaderValues | Promise<HeaderValues>) | null;
  /** Default `"same-origin"`. */
  credentials?: RequestCredentials | null;
  /**
   * Requests at once, from 1 to 64, or `"auto"` (default): as many as make it faster, of an upload no more than the server
   * says that it accepts.
   */
  concurrency?: number | "auto" | null;
  /** How long to go on trying; `false` fails at the first error. */
  retry?: RetryOptions | false | null;
  /** Milliseconds without a byte after which a request is dropped and sent again. Default 30,000. */
  stallTimeout?: number | null;
  /** Aborts the transfer. */
  signal?: AbortSignal | null;
  /**
   * Remember the transfer across page loads, for {@link pending}. Default true. An upload of less than 16 MiB in one
   * chunk is not: there is nothing to go on with.
   */
  resume?: boolean | null;
  /** Called with the progress, at most 20 times a second, and at the end. */
  onProgress?: ((progress: Progress) => void) | null;
  /** Called when the state changes. */
  onState?: ((state: TransferState) => void) | null;
}

/** Limits of retrying, each in milliseconds. */
export interface RetryOptions {
  /** Longest time without one confirmed byte. Default 600,000. */
  budget?: number | null;
  /** The first wait, before jitter. Default 500. */
  base?: number | null;
  /** The longest wait. Default 30,000. */
  cap?: number | null;
}

export interface UploadOptions extends TransferOptions {
  /**
   * Where chunks go; the handshake goes to `endpoint + "/handshake"`, before the query if there is one. Default
   * `"/api/upload"`. A URL that `fetch` can't ask (no URL, a user's name or password in it, another scheme) is a
   * `TypeError` at once.
   */
  endpoint?: string | URL | null;
  /**
   * Bytes of a chunk, at least 1. The default follows from the file's size: a thousandth, in whole MiB, from 4 to 64 MiB.
   * Where a server, or a proxy before it, refuses bodies of that size, the file is cut smaller, down to 512 KiB, and the
   * next ones are from the start.
   */
  chunkSize?: number | null;
  /** The extension the server stores the file under, with its dot, or `""`. Default: from the file's name. */
  ext?: string | null;
  /**
   * How chunks are named: by their MD5, or by their MD5 and at once their index, for servers that need ids which are unique
   * within a file. Default: `"md5"`, but `"md5-index"` for a file in which chunks repeat, where the server doesn't say that
   * it takes an id twice.
   */
  chunkId?: "md5" | "md5-index" | null;
  /**
   * What you vouch for of your server, if it doesn't say so itself in its answers to a handshake: how many chunks of one
   * file it takes at once (default 1), and whether an id may stand in `chunkIds` more than once (default false).
   */
  accepts?: { parallel?: number | null; repeats?: boolean | null } | null;
  /**
   * Milliseconds the server may take to put the complete file together before it is asked again. Default 300,000.
   */
  finishTimeout?: number | null;
}

export interface DownloadOptions extends TransferOptions {
  /**
   * Where the bytes go. `"buffer"` (default) holds all of it in memory and refuses above 512 MiB (`too-large`). `"blob"`
   * keeps the pieces in the browser's database. `"file"` writes to a private file of the site's on disk, or to the database
   * where a browser has none; the result is a `File`, which stays until the page is closed. For both, what is there is
   * found again after a reload.
   *
   * A handle of a file that the user has picked (call it in the click's handler) gets the bytes at the end, from such a
   * private file, when they are complete and checked. A stream gets them, as `Uint8Array`s, in order, over one connection, as fast as it takes
   * them; it is closed at the end, and aborted with the error where there is one. Nothing is remembered of it.
   */
  to?: "buffer" | "blob" | "file" | FileSystemFileHandle | WritableStream | null;
  /** Bytes of a piece, at least 1. */
  pieceSize?: number | null;
  /** The MD5 the whole must have, as 32 hex digits; otherwise the transfer fails with `digest-mismatch`. */
  md5?: string | null;
  /** Asked once for a new URL when a signed one has expired. */
  refreshUrl?: (() => string | URL | Promise<string | URL>) | null;
}

export interface DigestOptions {
  /** As in {@link UploadOptions}. */
  chunkSize?: number | null;
  /** As in {@link UploadOptions}, but `"md5"` by default. */
  chunkId?: "md5" | "md5-index" | null;
  /** Called with the progress, at most 20 times a second; only `hashed` moves. */
  onProgress?: ((progress: Progress) => void) | null;
  /** Aborts the hashing. */
  signal?: AbortSignal | null;
}

export interface InitOptions {
  /** The engine's WebAssembly: where to fetch it, or what was fetched or compiled already. */
  wasm?: string | URL | Response | ArrayBuffer | ArrayBufferView | WebAssembly.Module | null;
  /**
   * Starts a worker that runs this entry's file for workers (`xuchuan/worker`, `xuchuan/upload/worker`,
   * `xuchuan/download/worker`); for bundlers and policies that need to be told how.
   */
  worker?: (() => Worker) | null;
}

/**
 * A transfer under way. Not a promise itself, so that an async function can return it: `await upload(file)` is this handle at
 * once, and `await upload(file).done` the outcome. (A linter's rule for awaiting what is no promise, such as typescript-eslint's
 * `await-thenable`, finds the missing `.done`.)
 *
 * Iterating gives the latest progress whenever there is a new one. The iteration ends with the transfer and never
 * throws.
 */
export interface Transfer<T> extends AsyncIterable<Progress> {
  /** The outcome. Rejects with a {@link TransferError}, also after {@link abort}. */
  readonly done: Promise<T>;
  readonly state: TransferState;
  readonly progress: Progress;
  /** One byte a chunk or piece: 0 missing, 1 in flight, 2 reused, 3 confirmed. Empty until the cut is known. */
  readonly chunks: Uint8Array;
  /** Stops every request at once; what is confirmed stays. */
  pause(): void;
  /** Goes on after {@link pause}. */
  resume(): void;
  /** Ends the transfer for good; `done` rejects with code `aborted` and `reason` as its cause. */
  abort(reason?: unknown): void;
  /** Attempts, causes and timings so far, for a bug report. Empty until the engine has loaded. */
  report(): TransferReport;
}

/** A download under way. */
export interface Download<T> extends Transfer<T> {
  /**
   * Returns the bytes as they come, in order; they come no faster than they are read. Takes the place of the option `to`, so
   * it is to be called at once, and `done` gives no data then. To cancel the stream aborts the download, and a failure of
   * the download is the stream's.
   *
   * @throws TypeError with a `to` or an `md5`, or later.
   */
  stream(): NonNullable<Response["body"]>;
}

/** What happened so far, as plain data that `JSON.stringify` takes. Moments are milliseconds on the clock of `now`. */
export interface TransferReport {
  readonly kind?: "upload" | "download";
  /** Requests sent (uploads). */
  readonly requests?: number;
  /** Requests that failed (uploads). */
  readonly failures?: number;
  /** When the report was made. */
  readonly now?: number;
  /** What did not go as wished, oldest first; the latest 200. */
  readonly events?: readonly { readonly at: number; readonly doing: string; readonly what: string }[];
  /** The chunks that were sent (uploads): at most 1,000, of more than that those first that had troubles. */
  readonly chunks?: readonly ChunkReport[];
  readonly progress?: Progress;
  readonly environment?: TransferEnvironment;
}

/** What the page gave a transfer to work with. */
export interface TransferEnvironment {
  /** Where files are hashed, and why not in a worker; null while nothing was. */
  readonly hashing: { readonly kind: "worker" | "page"; readonly why: string | null } | null;
  /**
   * Where unfinished transfers are remembered, and what went wrong with that last: then a transfer goes on, and may not
   * be found after a reload. Null while it was not needed.
   */
  readonly journal: { readonly kind: "indexeddb" | "none"; readonly why: string | null } | null;
  /** How tabs with the same file take turns; null for transfers that do not. */
  readonly tabs: { readonly kind: "locks" | "none"; readonly why: string | null } | null;
  /** Whose function requests go through: the page's, if it has put one in the browser's place. */
  readonly fetch: { readonly kind: "browser" | "page"; readonly why: null };
}

/** How a chunk fared in this visit. */
export interface ChunkReport {
  readonly index: number;
  /** How often it was sent. */
  readonly tries: number;
  /** When it was first sent. */
  readonly sent: number;
  /** When the server was first known to have it, or null. */
  readonly confirmed: number | null;
  /** What went wrong with it last, or null. */
  readonly failure: string | null;
}

/** How far a transfer is. Counts are bytes. */
export interface Progress {
  readonly state: TransferState;
  /** Size of the whole; 0 while a download does not know it. */
  readonly total: number;
  /** Bytes of the file that were hashed. */
  readonly hashed: number;
  /** Bytes that came in, or that went out and were answered for; repeated ones included. */
  readonly sent: number;
  /** Bytes that are safe: acknowledged by the server, or stored. Never goes back. */
  readonly confirmed: number;
  /** Bytes of `confirmed` that the other side or an earlier visit already had. */
  readonly reused: number;
  /** Bytes a second in this visit, smoothed. */
  readonly speed: number;
  /** Seconds left, or null where that can't be told. */
  readonly eta: number | null;
  /**
   * What a transfer waits for, until when (in ms since 1970, or null for an event), and what failed before. `another-tab`:
   * another tab of this site, or another transfer of this page, uploads the same file, or downloads it to a file; this one shows how far
   * that is, and goes on if the other ends or says nothing for 10 to 15 s.
   */
  readonly waitingFor: {
    readonly reason: "offline" | "backoff" | "another-tab";
    readonly until: number | null;
    readonly cause: Trouble | null;
  } | null;
}

/** A failure that a transfer hopes to get over. */
export interface Trouble {
  /** What the transfer will fail with if it does not. */
  readonly code: TransferErrorCode;
  /** Why no answer came, as far as that is known. */
  readonly reason: FailureReason | null;
  /** HTTP status, if a server answered. */
  readonly status: number | null;
  /** What was being done, what was found, and what to do about it. URLs are shown without their query. */
  readonly message: string;
}

/** Why a request brought no answer. */
export type FailureReason =
  /** The browser refuses to make such a request. */
  | "unsendable"
  /** A function of the page (`headers`, `refreshUrl`) threw, or gave what can't be used. */
  | "page"
  /** The page's Content-Security-Policy forbids it (`connect-src`). */
  | "policy"
  /** The bytes to be sent could not be read. */
  | "unreadable"
  /** The answer broke off. */
  | "cut"
  /** Nothing more is known. */
  | "unanswered"
  /** The connection to the page's own origin failed. */
  | "connection"
  /** Nothing answers at that origin. */
  | "unreachable"
  /** The server answers, without the CORS headers that would let the page see it. */
  | "cors"
  /** The server lets the page in, and refuses the headers that are sent (the CORS preflight). */
  | "preflight"
  /** The page came over HTTPS, and the URL is HTTP. */
  | "mixed-content";

export interface UploadResult {
  /** Where the server serves the file: a whole URL, which the server may have given relative to the handshake's. */
  readonly url: string;
  /** The file's MD5, 32 lower-case hex digits. */
  readonly fileId: string;
  readonly size: number;
  /** The server had the file: nothing was sent. */
  readonly instant: boolean;
  /** Bytes that did not have to be sent. */
  readonly reused: number;
}

export interface DownloadResult<T = ArrayBuffer> {
  /** What `to` asked for; null where a stream had it. */
  readonly data: T;
  readonly size: number;
  readonly contentType: string | null;
  readonly etag: string | null;
  /** What the whole was checked against: your `md5`, the server's digest, or nothing. */
  readonly verified: "md5" | "digest" | null;
  /** How it came: ranges in parallel, one after the other, or in one answer. */
  readonly mode: "parallel" | "sequential" | "whole";
  /** Why it did not come in parallel. */
  readonly reason?: string;
}

export interface Digest {
  /** MD5 of the file, 32 lower-case hex digits. */
  readonly fileId: string;
  /** One id a chunk, in order. */
  readonly chunkIds: string[];
  /** Bytes of each chunk but the last. */
  readonly chunkSize: number;
  readonly size: number;
}

/** One file of what was dropped. */
export interface DroppedFile {
  /** For {@link upload}: a handle where the browser gives one, else the file. */
  readonly source: File | FileSystemFileHandle;
  /** The names of its folders and its own, with `/` between them. */
  readonly path: string;
}

/** What an earlier visit left unfinished. */
export interface PendingTransfer {
  readonly kind: "upload" | "download";
  readonly name: string;
  readonly size: number;
  /** Bytes that are confirmed. */
  readonly done: number;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
  /**
   * The page must hand the file to {@link resume}: the browser kept no way back to it. False for downloads, and for
   * uploads of a handle where the browser stores those (Chromium).
   */
  readonly needsFile: boolean;
  /**
   * Goes on with it. The file is checked against what is known of it (`file-changed`). To be called in a click's
   * handler where no file is needed: the browser may have to ask the user whether it may be read. If it may not, or is
   * gone, the transfer fails with `file-unreadable`, nothing is lost, and the same can be called with the file.
   *
   * @throws TypeError at once if the file is needed and missing, or an option is wrong.
   */
  resume(file?: Blob | FileSystemFileHandle | null, options?: UploadOptions | DownloadOptions): Transfer<UploadResult | DownloadResult<Blob | File>>;
  /** Drops it and what is stored of it in this browser. */
  forget(): Promise<void>;
}

/** The kinds of failure. */
export type TransferErrorCode =
  /** The request did not get through. */
  | "network"
  /** The device has no network, and the retry budget is used up. */
  | "offline"
  /** Nothing moved for `stallTimeout`, again and again. */
  | "stalled"
  /** The server failed. */
  | "server"
  /** The server said no, in its own words, which are in the message; or the request can never be sent. */
  | "rejected"
  /** The file is not what it was when it was hashed. */
  | "file-changed"
  /** The browser can't read the file any more. */
  | "file-unreadable"
  /** What is being downloaded changed on the server. */
  | "resource-changed"
  /** The bytes are not those that were announced. */
  | "digest-mismatch"
  /** The server can't send ranges, and the download needs them. */
  | "range-unsupported"
  /** The browser's storage is full. */
  | "quota"
  /** Too big for memory: choose another `to`. */
  | "too-large"
  /** This browser or this version can't do it. */
  | "unsupported"
  /** You aborted it. */
  | "aborted"
  /** The engine died or could not be loaded; the next call starts a fresh one. */
  | "engine";

/** What every failure rejects with. The message says what was being done and what to do about it. */
export class TransferError extends Error {
  constructor(
    code: TransferErrorCode,
    message: string,
    details?: { status?: number; retryable?: boolean; cause?: unknown },
  );
  readonly name: "TransferError";
  readonly code: TransferErrorCode;
  /** HTTP status, if a server answered. */
  readonly status: number | undefined;
  /** Starting it again may help. */
  readonly retryable: boolean;
  /**
   * What the page's own function threw; the reason given to {@link Transfer.abort}; where no answer came, an `Error` with the
   * browser's words and a `reason` (a {@link FailureReason}); otherwise what the browser threw, as an `Error` of the same
   * `name` and `message`.
   */
  readonly cause?: unknown;
}
