// Uses every export of the package as a page would; compiled, never run.
import { TransferError, digest, download, filesOf, init, isSupported, pending, save, upload } from "xuchuan";
import type {
  ChunkReport,
  Digest,
  DigestOptions,
  DownloadOptions,
  DownloadResult,
  DroppedFile,
  FailureReason,
  HeaderValues,
  InitOptions,
  PendingTransfer,
  Progress,
  RetryOptions,
  Transfer,
  TransferEnvironment,
  TransferErrorCode,
  TransferOptions,
  TransferReport,
  TransferState,
  Trouble,
  UploadOptions,
  UploadResult,
} from "xuchuan";

declare const file: File;
declare const fileHandle: FileSystemFileHandle;
declare const worker: () => Worker;
declare function draw(progress: Progress): void;

const retry: RetryOptions = { budget: 1, base: 2, cap: 3 };
const headers: HeaderValues = { authorization: "x" };
const both: TransferOptions = {
  headers: async () => headers,
  credentials: "include",
  concurrency: "auto",
  retry,
  stallTimeout: 1000,
  signal: new AbortController().signal,
  resume: false,
  onProgress: draw,
  onState: (state: TransferState) => console.log(state),
};
const uploadOptions: UploadOptions = {
  ...both,
  endpoint: "/u",
  chunkSize: 1,
  ext: ".mp4",
  chunkId: "md5-index",
  accepts: { parallel: 6, repeats: true },
  finishTimeout: 1000,
};
const downloadOptions = {
  ...both,
  pieceSize: 1,
  md5: "0",
  refreshUrl: () => new URL("x:y"),
} satisfies DownloadOptions;
const digestOptions: DigestOptions = { chunkSize: 1, chunkId: "md5", onProgress: draw, signal: null };
const initOptions: InitOptions = { wasm: new ArrayBuffer(0), worker };

export async function page(): Promise<void> {
  if (!isSupported()) return;
  await init();
  await init(initOptions);

  const up: Transfer<UploadResult> = upload(file, uploadOptions);
  up.pause();
  up.resume();
  for await (const progress of up) draw(progress);
  const ratio: number = up.progress.confirmed / up.progress.total;
  const first: number | undefined = up.chunks[0];
  const trouble: Trouble | null | undefined = up.progress.waitingFor?.cause;
  const reason: FailureReason | null = trouble?.reason ?? null;
  if (reason === "cors") console.log(trouble?.code, trouble?.status, trouble?.message);
  const report: TransferReport = up.report();
  const environment: TransferEnvironment | undefined = report.environment;
  const slow: ChunkReport | undefined = report.chunks?.find((chunk) => chunk.tries > 1);
  const { url, fileId, size, instant, reused } = await up.done;
  console.log(ratio, first, environment?.hashing, slow?.failure, url, fileId, size, instant, reused, up.state);
  up.abort("enough");

  const whole: DownloadResult = await download(url, downloadOptions).done;
  const buffer: ArrayBuffer = whole.data;
  const blob: Blob = (await download(new URL(url), { to: "blob" }).done).data;
  const onDisk: File = (await download(url, { to: "file" }).done).data;
  const picked: FileSystemFileHandle = (await download(url, { to: fileHandle }).done).data;
  const written: null = (await download(url, { to: new WritableStream<Uint8Array>() }).done).data;
  const read: ReadableStream<Uint8Array> = download(url).stream();
  save(whole, "a.bin");
  save(onDisk);
  save(buffer, null);
  console.log(picked.name, written, read.locked);
  console.log(buffer, blob, whole.verified, whole.mode, whole.reason, whole.etag, whole.contentType);

  const known: Digest = await digest(file, digestOptions);
  console.log(known.chunkIds.length, known.chunkSize, known.size);

  await upload(fileHandle).done;
  for await (const { source, path } of filesOf(new DataTransfer())) console.log(path, upload(source).state);
  const walk: AsyncIterable<DroppedFile> = filesOf(null);
  console.log(walk);

  const left: PendingTransfer[] = await pending();
  for (const one of left) {
    if (one.kind === "upload") await one.resume(one.needsFile ? file : null, { endpoint: "/u" }).done;
    else await one.forget();
  }
}

export function explain(error: unknown): string {
  if (!(error instanceof TransferError)) return String(error);
  const code: TransferErrorCode = error.code;
  return `${code} ${error.status ?? ""} ${error.retryable} ${error.message} ${String(error.cause)}`;
}

export const made: TransferError = new TransferError("server", "failed", { status: 500, retryable: true });

export const onDisk: Promise<DownloadResult<File>> = download("/x", { to: "file" }).done;

// What is wrong must not compile.
// @ts-expect-error: there is no such option
upload(file, { chunksize: 1 });
upload(file, { headers: { "X-Count": 5 } });
// @ts-expect-error: not a header's value
upload(file, { headers: { "X-Count": null } });
// @ts-expect-error: a handle is no promise
upload(file).then(() => {});
// @ts-expect-error: not a target
download("/x", { to: "disk" });
// @ts-expect-error: an upload is not read
upload(file).stream();
// @ts-expect-error: not bytes
save("abc");
