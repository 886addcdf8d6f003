// Puts the names that the package exports where the tests look for them.
import { digest, download, filesOf, init, isSupported, pending, TransferError, upload } from "/pkg/index.js";

window.xuchuan = { digest, download, filesOf, init, isSupported, pending, TransferError, upload };
