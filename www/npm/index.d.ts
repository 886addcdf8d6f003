export * from "./types.js";

/** Makes the script's global known to TypeScript: `<script src="xuchuan.min.js">` defines `xuchuan`. */
export as namespace xuchuan;
