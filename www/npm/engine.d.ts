/** The address of the engine's file, as a build tool's loader for files gives it; for `init({ wasm })`. */
declare const url: string;
export default url;
