// Ways a file gets onto the page: chosen, dropped, pasted.

/** Calls `take(files, folders)` with the files, and with how many folders came along and were left out. */
export function acceptFiles(input, zone, take) {
  let depth = 0; // dragenter and dragleave come for every element on the way
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const light = (change) => {
    depth = change === 0 ? 0 : Math.max(0, depth + change);
    zone.classList.toggle("over", depth > 0);
  };

  input.addEventListener("change", () => {
    take([...input.files], 0);
    input.value = ""; // the same file can be chosen again
  });
  document.addEventListener("dragenter", (event) => carriesFiles(event) && light(1));
  document.addEventListener("dragleave", (event) => carriesFiles(event) && light(-1));
  document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault(); // or the browser leaves the page to show the file
    light(0);
    take(...withoutFolders(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length > 0) take([...event.clipboardData.files], 0);
  });
}

// A dropped folder looks like a file that can't be read.
function withoutFolders(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const files = items.filter((item) => !item.webkitGetAsEntry?.()?.isDirectory).map((item) => item.getAsFile());
  return [files.filter(Boolean), items.length - files.length];
}
