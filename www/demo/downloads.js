// Downloads: from an address to a file that can be saved and compared.
import { bytes, percent } from "./format.js";
import { Job } from "./job.js";
import { TransferList } from "./list.js";
import { t, translate } from "./language.js";

const template = document.getElementById("download-outcome");

export class Downloads {
  #list;

  constructor(section) {
    this.#list = new TransferList(section, (job) => new Outcome(job));
  }

  /** Starts `address`; `name` is what to save it as, where that is known better than from the address. */
  add(address, name = nameFrom(address)) {
    const begin = (options) => xuchuan.download(address.href, { ...options, to: "blob" });
    const job = new Job({ kind: "download", name, begin });
    job.address = address;
    this.#list.add(job);
  }

  /** Goes on with a download of an earlier visit. */
  resume(pending) {
    const begin = (options) => pending.resume(undefined, { ...options, to: "blob" });
    const job = new Job({ kind: "download", name: pending.name, size: pending.size, begin });
    this.#list.add(job);
    return job;
  }

  remove(job) {
    this.#list.remove(job);
  }
}

/** The last segment of the path, as a name that a file may have. */
export function nameFrom(address) {
  let name = address.pathname.split("/").findLast(Boolean) ?? "";
  try {
    name = decodeURIComponent(name);
  } catch {
    // Not UTF-8: the escapes stay.
  }
  return name.replace(/[\u0000-\u001f\u007f/\\:*?"<>|]/g, "_").slice(-120) || address.hostname || "download";
}

class Outcome {
  element = document.createElement("div");
  #job;
  #blob;
  #url;
  #digest = null;
  #wrong = null;
  #checking = false;

  constructor(job) {
    const { data, contentType } = job.result;
    this.#job = job;
    this.#blob = data instanceof Blob ? data : new Blob([data], { type: contentType ?? "" });
    this.#url = URL.createObjectURL(this.#blob);
    this.element.append(template.content.cloneNode(true));
    const save = this.element.querySelector("[data-testid=save]");
    save.href = this.#url;
    save.download = job.name;
    this.#button.addEventListener("click", () => this.#check());
  }

  get #button() {
    return this.element.querySelector("[data-act=check]");
  }

  draw() {
    const { size, contentType, mode, reason, verified } = this.#job.result;
    translate(this.element);
    const how = reason && mode !== "parallel" ? `${t(`mode.${mode}`)} (${reason})` : t(`mode.${mode}`);
    const facts = [bytes(size), contentType, how, t(`verified.${verified ?? "none"}`)];
    this.element.querySelector(".received").textContent = facts.filter(Boolean).join(" · ");
    this.#drawDigest();
  }

  release() {
    URL.revokeObjectURL(this.#url);
  }

  // Not `disabled` meanwhile: that would throw the keyboard's focus away.
  async #check() {
    if (this.#checking) return;
    this.#checking = true;
    this.#button.textContent = t("checking");
    try {
      const onProgress = ({ hashed, total }) => {
        this.#button.textContent = `${t("checking")} ${percent(hashed, total)}%`;
      };
      this.#digest = (await xuchuan.digest(this.#blob, { onProgress })).fileId;
      this.element.closest(".card").dataset.md5 = this.#digest;
      this.#wrong = null;
    } catch (error) {
      this.#wrong = error.message;
    }
    this.#checking = false;
    this.#button.textContent = t("checkMd5");
    this.#drawDigest();
  }

  // Our server's links carry the MD5 as the file's name.
  #drawDigest() {
    const row = this.element.querySelector(".digest");
    const promised = this.#job.address?.pathname.match(/([0-9a-f]{32})[^/]*$/)?.[1];
    const match = row.querySelector(".match");
    row.hidden = this.#digest === null && this.#wrong === null;
    row.querySelector("code").textContent = this.#digest ?? "";
    match.textContent = "";
    if (this.#wrong !== null) match.textContent = t("md5Failed", this.#wrong);
    else if (this.#digest && promised) match.textContent = t(promised === this.#digest ? "md5Match" : "md5Mismatch");
    match.classList.toggle("bad", this.#wrong !== null || Boolean(promised && promised !== this.#digest));
    const focused = document.activeElement === this.#button;
    this.#button.hidden = this.#digest !== null;
    if (focused && this.#button.hidden) this.element.querySelector("[data-testid=save]").focus();
  }
}
