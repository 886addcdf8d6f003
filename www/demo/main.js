// The demo page: puts the parts together.
import { Downloads, nameFrom } from "./downloads.js";
import { acceptFiles } from "./drop.js";
import { showInstall } from "./install.js";
import { languageTag, onLanguage, otherLanguage, switchLanguage, t, translate } from "./language.js";
import { Notice } from "./notice.js";
import { Pending } from "./pending.js";
import { Uploads } from "./uploads.js";

const at = (id) => document.getElementById(id);
const notice = new Notice(at("notice"));
const downloads = new Downloads(at("downloads"));
const uploads = new Uploads(at("uploads"), {
  fetchBack(address, name) {
    at("url").value = address.href;
    fetchFile(address, name);
  },
  finished: () => pending.refresh(),
});
const pending = new Pending(at("pending"), (left, file) => {
  const list = left.kind === "upload" ? uploads : downloads;
  const job = list.resume(left, file);
  return { job, remove: () => list.remove(job) };
});

function speak() {
  const other = otherLanguage();
  document.documentElement.lang = languageTag();
  at("guide").href = `/guide/${languageTag().slice(0, 2)}/`;
  at("lang").textContent = other.name;
  at("lang").lang = other.tag;
  translate(document.body);
  document.title = t("title");
}

function fetchFile(address, name) {
  downloads.add(address, name);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  at("downloads").scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

function sayUrlWrong(key) {
  const wrong = at("url-wrong");
  wrong.hidden = key === null;
  wrong.textContent = key === null ? "" : t(key);
  at("url").setAttribute("aria-invalid", String(key !== null));
  if (key !== null) at("url").focus();
}

function parse(typed) {
  try {
    const address = new URL(typed, location.href);
    return ["http:", "https:"].includes(address.protocol) ? address : null;
  } catch {
    return null;
  }
}

function submitUrl(event) {
  event.preventDefault();
  const typed = at("url").value.trim();
  if (typed === "") return sayUrlWrong("urlMissing");
  const address = parse(typed);
  if (address === null) return sayUrlWrong("urlWrong");
  sayUrlWrong(null);
  return fetchFile(address, nameFrom(address));
}

/** Loads the engine and lists what earlier visits left; a failure is told, with a way to try again. */
async function load() {
  try {
    await xuchuan.init();
    pending.show(await xuchuan.pending());
  } catch (error) {
    notice.show("engineTitle", "engineText", { value: error.message, retry: load });
  }
}

function start() {
  onLanguage(speak);
  speak();
  at("lang").addEventListener("click", switchLanguage);
  at("fetch").addEventListener("submit", submitUrl);
  document.addEventListener("lists-changed", () => {
    at("empty").hidden = [at("pending"), at("downloads"), at("uploads")].some((section) => !section.hidden);
  });
  showInstall(at("install"), at("version"));
  acceptFiles(
    { input: at("files"), zone: at("drop"), folder: at("folder"), folderInput: at("folder-input") },
    (source, path) => uploads.add(source, path),
    (error) => notice.show("droppedTitle", "droppedText", { value: error.message }),
  );
  if (!globalThis.xuchuan) refuse("missingTitle", "missingText");
  else if (!xuchuan.isSupported()) refuse("unsupportedTitle", "unsupportedText");
  else load();
}

function refuse(title, text) {
  notice.show(title, text);
  for (const control of [at("files"), at("folder"), at("url"), at("fetch-start")]) control.disabled = true;
  at("drop").classList.add("off");
}

start();
