// Copies text, also on a page without HTTPS, where the clipboard API is missing.
import { t } from "./language.js";

const SHOWN = 1800; // ms

// The old way works anywhere, but only from a field that is on the page and selected.
function copyFromField(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  const focused = document.activeElement;
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return copied;
}

/** Copies `text` and says so on `button` for a moment. */
export async function copyText(text, button) {
  let copied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copied = copyFromField(text);
  }
  button.textContent = t(copied ? "copied" : "copyFailed");
  setTimeout(() => {
    button.textContent = t(button.dataset.t);
  }, SHOWN);
}
