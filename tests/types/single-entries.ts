// Uses every export of the single entries as a page would; compiled, never run.
import * as downloads from "xuchuan/download";
import * as uploads from "xuchuan/upload";
import type { DownloadOptions, DownloadResult } from "xuchuan/download";
import type { Digest, DigestOptions, UploadOptions, UploadResult } from "xuchuan/upload";

declare const file: File;

export async function page(): Promise<void> {
  if (!uploads.isSupported() || !downloads.isSupported()) return;
  await uploads.init();
  await downloads.init({ wasm: "/xuchuan.download.wasm" });

  const uploadOptions: UploadOptions = { endpoint: "/u" };
  const up: uploads.Transfer<UploadResult> = uploads.upload(file, uploadOptions);
  const digestOptions: DigestOptions = { chunkSize: 1 };
  const digest: Digest = await uploads.digest(file, digestOptions);
  for await (const { source, path } of uploads.filesOf(new DataTransfer())) console.log(path, source);

  const downloadOptions: DownloadOptions = { pieceSize: 1 };
  const down: downloads.Transfer<DownloadResult> = downloads.download((await up.done).url);
  console.log(digest.fileId, downloadOptions, (await down.done).data.byteLength);

  for (const one of [...(await uploads.pending()), ...(await downloads.pending())]) await one.forget();
}

export const errors: uploads.TransferError[] = [
  new uploads.TransferError("server", "failed"),
  new downloads.TransferError("server", "failed"),
];

// What an entry does not do must not compile.
// @ts-expect-error: no downloads here
uploads.download("/x");
// @ts-expect-error: no uploads here
downloads.upload(file);
// @ts-expect-error: no digests here
downloads.digest(file);
