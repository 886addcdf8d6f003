// What earlier visits left unfinished: go on, or forget.
import { announce } from "./announcer.js";
import { ago, bytes, percent } from "./format.js";
import { onLanguage, t, translate } from "./language.js";

const template = document.getElementById("pending-template");
const MISSED = new Set(["file-changed", "file-unreadable"]);
const SETTLE = 1000; // ms: many uploads that end together are looked up together

export class Pending {
  #section;
  #list;
  #items = new Map();
  #goOn;
  #timer = 0;

  /** `goOn(pending, file?)` makes a transfer of it and returns `{ job, remove() }`. */
  constructor(section, goOn) {
    this.#section = section;
    this.#list = section.querySelector("ul");
    this.#goOn = goOn;
    onLanguage(() => {
      for (const item of this.#items.values()) item.draw();
    });
  }

  get empty() {
    return this.#items.size === 0;
  }

  show(pendings) {
    for (const pending of pendings) this.#add(pending);
  }

  /** Drops those, soon, that are settled by now because the same file was uploaded anew. */
  refresh() {
    if (!this.empty) this.#timer ||= setTimeout(() => this.#refresh(), SETTLE);
  }

  async #refresh() {
    this.#timer = 0;
    const same = ({ kind, name, size }) => JSON.stringify([kind, name, size]);
    const left = await xuchuan.pending().catch(() => null);
    if (left === null) return;
    const kept = new Set(left.map(same));
    for (const pending of [...this.#items.keys()]) if (!kept.has(same(pending))) this.#remove(pending);
  }

  #add(pending, wrong = null) {
    const item = new Item(pending, wrong, {
      resume: (file) => this.#resume(pending, file),
      forget: () => this.#forget(pending),
    });
    this.#items.set(pending, item);
    this.#list.append(item.element);
    this.#changed();
  }

  #resume(pending, file) {
    this.#remove(pending);
    const { job, remove } = this.#goOn(pending, file);
    let relisted = false;
    job.watch(() => {
      if (relisted || pending.kind !== "upload" || job.name !== pending.name || !MISSED.has(job.error?.code)) return;
      relisted = true;
      // Another file was picked, or the way back to it is closed: no transfer of this name, and the right one can be picked.
      remove();
      const wrong = { key: `pendingMissed.${file ? job.error.code : "handle"}`, name: file?.name };
      this.#add({ ...pending, needsFile: true }, wrong);
      announce(pending.name, t(wrong.key, wrong.name));
    });
  }

  async #forget(pending) {
    try {
      await pending.forget();
      this.#remove(pending);
    } catch (error) {
      this.#items.get(pending)?.say({ key: "forgetFailed", name: error.message });
    }
  }

  #remove(pending) {
    const element = this.#items.get(pending)?.element;
    const focused = element?.contains(document.activeElement);
    element?.remove();
    this.#items.delete(pending);
    this.#changed();
    if (focused) (this.#list.querySelector("button") ?? document.getElementById("ledger")).focus({ preventScroll: true });
  }

  #changed() {
    this.#section.hidden = this.empty;
    document.dispatchEvent(new CustomEvent("lists-changed"));
  }
}

class Item {
  element = template.content.cloneNode(true).firstElementChild;
  #pending;
  #wrong;

  /** `wrong` is what was the matter with it, as `{ key, name }` of the words for it. */
  constructor(pending, wrong, { resume, forget }) {
    this.#pending = pending;
    this.#wrong = wrong;
    const picker = this.element.querySelector("input");
    this.element.dataset.name = pending.name;
    this.element.querySelector("[data-act=resume]").addEventListener("click", () => {
      if (pending.needsFile) picker.click();
      else resume();
    });
    picker.addEventListener("change", () => {
      if (picker.files.length > 0) resume(picker.files[0]);
    });
    this.element.querySelector("[data-act=forget]").addEventListener("click", forget);
    this.draw();
  }

  say(wrong) {
    this.#wrong = wrong;
    this.draw();
  }

  draw() {
    const { kind, name, size, done, updatedAt, needsFile } = this.#pending;
    const at = (css) => this.element.querySelector(css);
    const reached = percent(done, size);
    translate(this.element);
    at(".name").textContent = name;
    at(".name").title = name;
    at(".percent").textContent = `${reached}%`;
    at(".kind").textContent = t(`kind.${kind}`);
    at(".amount").textContent = t("amount", bytes(done), bytes(size));
    at(".when").textContent = ago(updatedAt);
    at(".hint").hidden = !needsFile;
    at(".missed").hidden = this.#wrong === null;
    if (this.#wrong) at(".missed").textContent = t(this.#wrong.key, this.#wrong.name);
    at(".bar .reused").style.transform = `scaleX(${size > 0 ? Math.min(1, done / size) : 0})`;
    at(".bar").setAttribute("aria-label", t("progressOf", name));
    at(".bar").setAttribute("aria-valuenow", reached);
    for (const button of this.element.querySelectorAll("button")) {
      button.setAttribute("aria-label", t("actOn", t(button.dataset.t), name));
    }
  }
}
