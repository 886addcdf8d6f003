// Which language the page speaks: chosen by hand, remembered, or the browser's own.
import { en } from "./strings/en.js";
import { zh } from "./strings/zh.js";

const strings = { en, zh };
const KEY = "xuchuan-demo-language";
const TAGS = { en: "en", zh: "zh-CN" };
const listeners = new Set();
let current = remembered() ?? (/^zh\b/i.test(navigator.language) ? "zh" : "en");

// Storage throws where the browser forbids it (private modes, blocked cookies).
function remembered() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept in strings ? kept : null;
  } catch {
    return null;
  }
}

/** The BCP 47 tag of the language, for `lang` and for `Intl`. */
export const languageTag = () => TAGS[current];

/** The other language: its tag and its own name. */
export function otherLanguage() {
  const other = current === "en" ? "zh" : "en";
  return { tag: TAGS[other], name: strings[other].languageName };
}

/** Looks up the words for a dotted key; what takes arguments is a function in strings.js. */
export function t(key, ...values) {
  const words = key.split(".").reduce((found, part) => found?.[part], strings[current]);
  return typeof words === "function" ? words(...values) : (words ?? key);
}

/** Puts the words into every element under `root` that names its key in `data-t`, or in `data-t-label` for its name. */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
}

/** Calls `listener` whenever the language has changed. */
export function onLanguage(listener) {
  listeners.add(listener);
}

export function switchLanguage() {
  current = current === "en" ? "zh" : "en";
  try {
    localStorage.setItem(KEY, current);
  } catch {
    // It is then not remembered, and that is all.
  }
  for (const listener of listeners) listener();
}
