import { kindOf } from '../types.js';

// Known only while the script first runs.
const tag = typeof document === 'undefined' ? null : document.currentScript;

/** Where this script came from; empty when it stands in the page itself. */
export const scriptUrl = isScript(tag) ? tag.src : fromStack();

// `document.currentScript` may be an image of that name.
function isScript(element) {
  return kindOf(element) === 'HTMLScriptElement';
}

// A worker that imports the script, and a module that does, have no tag that tells. What runs is first in the stack, as
// `at f (https://…/xuchuan.min.js:1:2)` or `f@https://…/xuchuan.min.js:1:2`; evaluated text has no place of its own.
function fromStack() {
  const lines = String(new Error().stack).split('\n');
  const first = lines.find((line) => /^\s*at |@/.test(line)) ?? '';
  if (/eval at | > eval/.test(first)) return '';
  return /([a-z][\w+.-]*:\/\/.*?)(?::\d+)+\)?$/.exec(first)?.[1] ?? '';
}
