// The entries that are files; compiled, never run.
import "xuchuan/worker";
import "xuchuan/upload/worker";
import wasm from "xuchuan/engine.wasm";
import { init } from "xuchuan/inline";
import * as uploads from "xuchuan/upload/inline";
import * as downloads from "xuchuan/download/inline";

export const ready: Promise<void>[] = [init({ wasm }), uploads.init(), downloads.init()];
