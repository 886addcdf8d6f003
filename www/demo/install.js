// How a page gets the package: the snippets, with a button each that copies it, and the version that this page runs.
import { copyText } from "./clipboard.js";

/** Makes the snippets' buttons work, and names the version in `version` once it is known. */
export async function showInstall(section, version) {
  for (const snippet of section.querySelectorAll(".snippet")) {
    const button = snippet.querySelector("button");
    button.addEventListener("click", () => copyText(snippet.querySelector("code").textContent, button));
  }
  try {
    const manifest = await (await fetch("/pkg/package.json")).json();
    version.textContent = `v${manifest.version}`;
    version.hidden = false;
  } catch {
    // The page's notice says it when the package is missing.
  }
}
