// What earlier visits left unfinished: go on, or forget.
import { ago, bytes, percent } from "./format.js";
import { onLanguage, t, translate } from "./language.js";

const template = document.getElementById("pending-template");
const MISSED = new Set(["file-changed", "file-unreadable"]);

export class Pending {
  #section;
  #list;
  #items = new Map();
  #goOn;

  /** `goOn(pending, file?)` makes a transfer of it and returns its job. */
  constructor(section, goOn) {
    this.#section = section;
    this.#list = section.querySelector("ul");
    this.#goOn = goOn;
    onLanguage(() => {
      for (const [pending, item] of this.#items) draw(item, pending);
    });
  }

  show(pendings) {
    for (const pending of pendings) this.#add(pending);
  }

  /** Drops those that are settled by now, because the same file was uploaded anew. */
  async refresh() {
    if (this.#items.size === 0) return;
    const same = ({ kind, name, size }) => JSON.stringify([kind, name, size]);
    const left = new Set((await xuchuan.pending()).map(same));
    for (const pending of [...this.#items.keys()]) if (!left.has(same(pending))) this.#remove(pending);
  }

  #add(pending) {
    const item = template.content.cloneNode(true).firstElementChild;
    const picker = item.querySelector("input");
    item.dataset.name = pending.name;
    item.querySelector("[data-act=resume]").addEventListener("click", () => {
      if (pending.needsFile) picker.click();
      else this.#resume(pending);
    });
    picker.addEventListener("change", () => {
      if (picker.files.length > 0) this.#resume(pending, picker.files[0]);
    });
    item.querySelector("[data-act=forget]").addEventListener("click", () => this.#forget(pending, item));
    this.#items.set(pending, item);
    draw(item, pending);
    this.#list.append(item);
    this.#section.hidden = false;
  }

  #resume(pending, file) {
    this.#remove(pending);
    const job = this.#goOn(pending, file);
    // Another file may have been picked by mistake, or the way back to it is closed: the right one can still be picked.
    let relisted = false;
    job.watch(() => {
      if (relisted || pending.kind !== "upload" || !MISSED.has(job.error?.code)) return;
      relisted = true;
      this.#add({ ...pending, needsFile: true });
    });
  }

  async #forget(pending, item) {
    try {
      await pending.forget();
      this.#remove(pending);
    } catch (error) {
      const hint = item.querySelector(".hint");
      hint.hidden = false;
      hint.textContent = t("forgetFailed", error.message);
    }
  }

  #remove(pending) {
    const item = this.#items.get(pending);
    const focused = item?.contains(document.activeElement);
    item?.remove();
    this.#items.delete(pending);
    this.#section.hidden = this.#items.size === 0;
    if (focused) (this.#list.querySelector("button") ?? document.getElementById("ledger")).focus({ preventScroll: true });
  }
}

function draw(item, pending) {
  const { kind, name, size, done, updatedAt, needsFile } = pending;
  const reached = percent(done, size);
  const bar = item.querySelector(".bar");
  translate(item);
  item.querySelector(".name").textContent = name;
  item.querySelector(".percent").textContent = `${reached}%`;
  item.querySelector(".kind").textContent = t(`kind.${kind}`);
  item.querySelector(".amount").textContent = t("amount", bytes(done), bytes(size));
  item.querySelector(".when").textContent = ago(updatedAt);
  item.querySelector(".hint").hidden = !needsFile;
  item.querySelector(".bar div").style.transform = `scaleX(${size > 0 ? Math.min(1, done / size) : 0})`;
  bar.setAttribute("aria-label", t("progressOf", name));
  bar.setAttribute("aria-valuenow", reached);
}
