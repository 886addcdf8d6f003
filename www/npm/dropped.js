import { TransferError } from './errors.js';

/**
 * Walks what was dropped or pasted, folders to their end, and yields `{ source, path }` for each file. To be called
 * within the event: the browser empties the list when that returns.
 */
export function filesOf(transfer) {
  const items = [...(transfer?.items ?? [])].filter((item) => item.kind === 'file');
  return walk(items.map(open));
}

// What can't be read must not hide what can: it is told when all else has been yielded.
async function* walk(roots) {
  const failures = [];
  for (const root of roots) yield* below(await root, '', failures);
  if (failures.length === 0) return;
  const [{ path, cause }] = failures;
  const message = `Reading what was dropped failed for ${failures.length} of its files and folders, first ${path}: ${cause.message}`;
  throw new TransferError('file-unreadable', message, { cause });
}

// A handle where the browser has them, since it outlives the page; else an entry, which knows folders; else the file.
function open(item) {
  const entry = item.webkitGetAsEntry?.();
  const file = item.getAsFile();
  const other = entry ? fromEntry(entry, file) : fromFile(file);
  const handle = item.getAsFileSystemHandle?.();
  // Some sources give none, or refuse it.
  return handle ? handle.then((found) => (found ? fromHandle(found) : other), () => other) : other;
}

async function* below(node, folder, failures) {
  const path = folder + node.name;
  try {
    if (node.file) yield { source: await node.file(), path };
    else for await (const child of node.children()) yield* below(child, `${path}/`, failures);
  } catch (cause) {
    failures.push({ path, cause });
  }
}

function fromHandle(handle) {
  const { name } = handle;
  return handle.kind === 'file' ? { name, file: () => handle } : { name, children: () => inHandle(handle) };
}

function fromFile(file) {
  if (file) return { name: file.name, file: () => file };
  const none = () => {
    throw new Error('the browser does not give it');
  };
  return { name: 'a file without a name', file: none };
}

async function* inHandle(folder) {
  for await (const child of folder.values()) yield fromHandle(child);
}

function fromEntry(entry, file) {
  const { name } = entry;
  if (entry.isDirectory) return { name, children: () => inEntry(entry) };
  // WebKit's entry of a file that is on no disk, such as a pasted picture, leads nowhere; the file itself can be read.
  const failed = (resolve, reject) => (cause) => (file ? resolve(file) : reject(cause));
  return { name, file: () => new Promise((resolve, reject) => entry.file(resolve, failed(resolve, reject))) };
}

// Each call gives some of them, at most 100 in Chromium; none is the end.
async function* inEntry(folder) {
  const reader = folder.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    yield* some.map((entry) => fromEntry(entry));
  }
}
