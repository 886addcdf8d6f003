// Puts the names that the package exports where the tests look for them.
import { digest, download, init, isSupported, pending, TransferError, upload } from "/pkg/index.js";

window.xuchuan = { digest, download, init, isSupported, pending, TransferError, upload };
