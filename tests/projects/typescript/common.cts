// The package from a CommonJS module; compiled, never run.
import xuchuan = require("xuchuan");
import uploads = require("xuchuan/upload");
import downloads = require("xuchuan/download");
import inline = require("xuchuan/inline");

const transfer: xuchuan.Transfer<xuchuan.UploadResult> = xuchuan.upload(new Blob([]), { endpoint: "/u" });
const same: uploads.Transfer<uploads.UploadResult> = transfer;
export const all = [same.done, downloads.download("/x").done, inline.isSupported()];
