// Walks a chosen folder, its folders too: by handles where the browser has them, since an upload of those goes on after a reload.

/** Has the user choose a folder; calls `take(files)` with `{ source, path }` of what it holds, or `fail(error)`. */
export async function chooseFolder(input, take, fail) {
  if (!globalThis.showDirectoryPicker) {
    input.click();
    return;
  }
  try {
    const folder = await showDirectoryPicker();
    take(await list(folder, `${folder.name}/`));
  } catch (error) {
    if (error.name === "AbortError") return; // nothing was chosen
    if (error.name === "SecurityError") input.click(); // not allowed here, as in a frame of another origin
    else fail(error);
  }
}

/** Lists what the folder field holds. */
export const inFolder = (files) => [...files].map((file) => ({ source: file, path: file.webkitRelativePath || file.name }));

async function list(folder, path) {
  const found = [];
  for await (const child of folder.values()) {
    if (child.kind === "file") found.push({ source: child, path: path + child.name });
    else found.push(...(await list(child, `${path}${child.name}/`)));
  }
  return found;
}
