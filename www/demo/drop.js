// Ways a file gets onto the page: chosen, from a folder, dropped, pasted.
import { chooseFolder, inFolder } from "./folder.js";
import { inSlices } from "./frame.js";

/** Calls `take(source, path)` for each file, those in folders too, and `fail(error)` if some could not be read. */
export function acceptFiles({ input, zone, folder, folderInput }, take, fail) {
  let depth = 0; // dragenter and dragleave come for every element on the way
  let plain = !globalThis.showOpenFilePicker;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const light = (change) => {
    depth = change === 0 ? 0 : Math.max(0, depth + change);
    zone.classList.toggle("over", depth > 0);
  };

  // Thousands are taken a few at a time.
  const takeAll = (found) => inSlices(found, ({ source, path }) => take(source, path));
  const walk = async (transfer) => {
    try {
      for await (const { source, path } of xuchuan.filesOf(transfer)) take(source, path);
    } catch (error) {
      fail(error);
    }
  };
  const named = (files) => [...files].map((file) => ({ source: file, path: file.name }));

  // This picker gives handles, by which an upload goes on after a reload without choosing its file again.
  input.addEventListener("click", async (event) => {
    if (plain) return;
    event.preventDefault();
    try {
      takeAll(named(await showOpenFilePicker({ multiple: true })));
    } catch (error) {
      if (error.name === "AbortError") return; // nothing was chosen
      plain = true; // not allowed here, as in a frame of another origin
      input.click();
    }
  });
  input.addEventListener("change", () => {
    takeAll(named(input.files));
    input.value = ""; // the same file can be chosen again
  });
  folder.addEventListener("click", () => chooseFolder(folderInput, takeAll, fail));
  folderInput.addEventListener("change", () => {
    takeAll(inFolder(folderInput.files));
    folderInput.value = "";
  });
  document.addEventListener("dragenter", (event) => carriesFiles(event) && light(1));
  document.addEventListener("dragleave", (event) => carriesFiles(event) && light(-1));
  document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault(); // or the browser leaves the page to show the file
    light(0);
    if (!zone.classList.contains("off")) walk(event.dataTransfer);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length > 0) walk(event.clipboardData);
  });
}
