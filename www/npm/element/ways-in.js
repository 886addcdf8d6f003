import { kindsIn } from './limits.js';

/**
 * Asks for files with the browser's picker of handles, by which an upload goes on after a reload without its file being chosen again.
 * Nothing where that is not to be had; then a file input has to do.
 */
export async function chooseHandles(multiple, accept) {
  try {
    const handles = await showOpenFilePicker({ multiple, ...typesOf(accept) });
    return handles.map((source) => ({ source, path: source.name }));
  } catch (error) {
    // The user has closed it; any other error says that it is not there, or not allowed, as in a frame of another origin.
    return error.name === 'AbortError' ? [] : null;
  }
}

// What an input calls `accept`, as the picker wants it: an extension belongs to a type, whichever.
function typesOf(accept) {
  const types = kindsIn(accept).map((kind) => (kind.startsWith('.') ? [`file/${kind.slice(1)}`, [kind]] : [kind, []]));
  return types.length > 0 && { types: [{ accept: Object.fromEntries(types) }], excludeAcceptAllOption: true };
}

/** Returns what was chosen in a file input, and empties it, so that the same file can be chosen again. */
export function chosenIn(input) {
  const chosen = filesIn(input.files);
  input.value = '';
  return chosen;
}

/** Returns files as `filesOf` gives them. */
export const filesIn = (files) => [...files].map((source) => ({ source, path: source.webkitRelativePath || source.name }));

/**
 * Watches an element and its document until `signal` aborts: `light(on)` hears of files over the element, `take(dataTransfer)` of those
 * that were dropped on it or pasted.
 */
export function watchTransfers(element, signal, light, take) {
  // Enter and leave come for every element on the way.
  let depth = 0;
  const on = (target, type, handle) => target.addEventListener(type, handle, { signal });
  const hover = (change) => (event) => {
    if (carriesFiles(event)) light((depth += change) > 0);
  };
  const arrive = (event, transfer) => {
    if (event.defaultPrevented || !transfer?.types.includes('Files')) return;
    event.preventDefault();
    take(transfer);
  };

  on(element, 'dragenter', hover(1));
  on(element, 'dragleave', hover(-1));
  on(element, 'drop', (event) => {
    light((depth = 0) > 0);
    arrive(event, event.dataTransfer);
  });
  on(element, 'paste', (event) => arrive(event, event.clipboardData));

  const { ownerDocument } = element;
  on(ownerDocument, 'paste', (event) => isField(event) || arrive(event, event.clipboardData));
  // Dropped beside the element, a file would take the place of the page, and of what was filled in there.
  for (const type of ['dragover', 'drop']) {
    on(ownerDocument, type, (event) => carriesFiles(event) && !isField(event) && event.preventDefault());
  }
}

const carriesFiles = (event) => event.dataTransfer?.types.includes('Files');

// What takes pasted text, or files that are dropped, by itself.
function isField(event) {
  const [target] = event.composedPath();
  return target.isContentEditable || target.matches?.('input, textarea');
}
