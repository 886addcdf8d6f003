// Makes the package a global, as the drop-in script does. A module of its own, so that the page can say if the package is missing.
import * as xuchuan from "/pkg/index.js";

globalThis.xuchuan = xuchuan;
