// Downloads. A page that uploads, too, takes both from "xuchuan": two engines would weigh more and know nothing of each other.
export { TransferError, download, init, isSupported, pending, save } from "./types.js";
export type {
  Download,
  DownloadOptions,
  DownloadResult,
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
} from "./types.js";

/** Makes the script's global known to TypeScript: `<script src="xuchuan.download.min.js">` defines `xuchuan`. */
export as namespace xuchuan;
