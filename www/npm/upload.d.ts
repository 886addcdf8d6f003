// Uploads and digests. A page that downloads, too, takes both from "xuchuan": two engines would weigh more and know nothing of
// each other.
export { TransferError, digest, filesOf, init, isSupported, pending, upload } from "./types.js";
export type {
  ChunkReport,
  Digest,
  DigestOptions,
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
} from "./types.js";

/** Makes the script's global known to TypeScript: `<script src="xuchuan.upload.min.js">` defines `xuchuan`. */
export as namespace xuchuan;
