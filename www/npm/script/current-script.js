// Known only while the script first runs; imported first by the script's entry points.
const tag = typeof document === 'undefined' ? null : document.currentScript;

/** Where this script came from; empty when it stands in the page itself. */
export const scriptUrl = tag?.src ?? '';
