// Uploads: from the chosen or dropped file to the link.
import { copyText } from "./clipboard.js";
import { Job } from "./job.js";
import { TransferList } from "./list.js";
import { translate } from "./language.js";

const template = document.getElementById("upload-outcome");

export class Uploads {
  #list;
  #finished;

  /** `fetchBack(url, name)` downloads what was uploaded; `finished()` is called after each upload. */
  constructor(section, { fetchBack, finished }) {
    this.#list = new TransferList(section, (job) => outcome(job, fetchBack));
    this.#finished = finished;
  }

  /** Uploads a file, or what a handle stands for. */
  add(source, name) {
    const begin = (options) => xuchuan.upload(source, options);
    this.#start(new Job({ kind: "upload", name, size: source.size ?? null, begin }));
  }

  /**
   * Goes on with an upload of an earlier visit; `file` is what was chosen, where that was needed. A retry sends that file
   * under its own name, since nobody knows then whether it is the one that was begun.
   */
  resume(pending, file) {
    const begin = (options) => pending.resume(file, options);
    const again = file && { name: file.name, size: file.size, begin: (options) => xuchuan.upload(file, options) };
    return this.#start(new Job({ kind: "upload", name: pending.name, size: pending.size, begin, again }));
  }

  remove(job) {
    this.#list.remove(job);
  }

  #start(job) {
    job.watch(({ result }) => result && this.#finished());
    this.#list.add(job);
    return job;
  }
}

function outcome(job, fetchBack) {
  const element = document.createElement("div");
  element.append(template.content.cloneNode(true));
  const link = element.querySelector("a");
  // The address is the server's word: only one that the browser would fetch becomes a link.
  const address = new URL(job.result.url, location.href);
  if (address.protocol === "http:" || address.protocol === "https:") link.href = address.href;
  link.textContent = address.origin === location.origin ? address.pathname : address.href;
  element.querySelector(".instant").hidden = !job.result.instant;
  const copy = element.querySelector("[data-act=copy]");
  copy.addEventListener("click", () => copyText(address.href, copy));
  element.querySelector("[data-act=download]").addEventListener("click", () => fetchBack(address, job.name));
  return { element, draw: () => translate(element) };
}
