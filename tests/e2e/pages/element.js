// Looks into `<xuchuan-upload>` for a scenario, and does with files what a person does.
"use strict";
window.up = (() => {
  const TYPES = ["input", "change", "upload-added", "upload-refused", "upload-progress", "upload-done", "upload-error", "upload-removed"];
  const seen = [];
  for (const type of TYPES) document.addEventListener(type, ({ target }) => target.localName === "xuchuan-upload" && seen.push(type));

  // A page on a slow line: the engine comes when the scenario says so.
  let release = () => {};
  if (location.search.includes("slow")) {
    const released = new Promise((go) => (release = go));
    const real = fetch;
    window.fetch = async (url, options) => {
      if (String(url).includes(".wasm")) await released;
      return real(url, options);
    };
  }

  // A component of the page may have it in its shadow.
  const root = () => document.querySelector("my-form")?.shadowRoot ?? document;
  const element = (at = 0) => root().querySelectorAll("xuchuan-upload")[at];
  const part = (name, at) => element(at).shadowRoot.querySelector(`.${name}`);
  const isShown = (node) => Boolean(node?.checkVisibility());
  const item = (name, at) => element(at).files.find((one) => one.name === name);

  function row(name, at) {
    return [...element(at).shadowRoot.querySelectorAll(".item")].find((li) => li.querySelector(".name").textContent === name);
  }

  /** What the row of a file shows. */
  function shows(name, at) {
    const li = row(name, at);
    if (!li) return null;
    const [act, remove] = li.querySelectorAll("button");
    const bar = li.querySelector(".bar");
    return {
      phase: li.className.replace("item ", ""),
      status: li.querySelector(".status").textContent,
      detail: li.querySelector(".detail").textContent,
      href: li.querySelector(".name").getAttribute("href"),
      act: isShown(act) ? act.ariaLabel : null,
      remove: remove.ariaLabel,
      reached: isShown(bar) ? Number(bar.ariaValueNow) : null,
      picture: li.querySelector("canvas") !== null,
    };
  }

  /** A file whose content follows from its name and `seed`. */
  function file(name, size = 1000, { type = "", seed = 1, lastModified = 1 } = {}) {
    const words = new Uint32Array(Math.ceil(size / 4));
    let word = [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed);
    for (let i = 0; i < words.length; i += 1) words[i] = word = Math.imul(word, 1664525) + 1013904223;
    return new File([words.buffer.slice(0, size)], name, { type, lastModified });
  }

  /** A picture of so many pixels. */
  async function picture(name, width, height, colour = "teal") {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d");
    context.fillStyle = colour;
    context.fillRect(0, 0, width, height);
    context.fillStyle = "gold";
    context.fillRect(width / 4, height / 4, width / 2, height / 2);
    const blob = await new Promise((go) => canvas.toBlob(go, "image/png"));
    return new File([blob], name, { type: "image/png" });
  }

  function carrying(files) {
    const transfer = new DataTransfer();
    for (const one of files) transfer.items.add(one);
    return transfer;
  }

  // Browsers make no such event with files in it, each in its own way.
  function send(node, type, property, files) {
    const event = new Event(type, { bubbles: true, composed: true, cancelable: true });
    Object.defineProperty(event, property, { value: carrying(files) });
    return !node.dispatchEvent(event);
  }

  /** Drops files on a node; true if the page takes care of that, and the browser does not open them. */
  function drop(node, files) {
    for (const type of ["dragenter", "dragover"]) send(node, type, "dataTransfer", files);
    return send(node, "drop", "dataTransfer", files);
  }

  const paste = (node, files) => send(node, "paste", "clipboardData", files);

  /** What has the focus: the label of a button, or the name of a row. */
  function focus() {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    if (active?.classList.contains("item")) return `row ${active.querySelector(".name").textContent}`;
    return active?.ariaLabel ?? active?.textContent.trim() ?? null;
  }

  /** Waits for a moment in which something holds. */
  async function until(holds, what = String(holds)) {
    for (let tries = 0; tries < 600; tries += 1) {
      const value = await holds();
      if (value) return value;
      await new Promise((go) => setTimeout(go, 25));
    }
    throw new Error(`waited in vain for ${what}; ${message()} ${JSON.stringify(element()?.files.map(({ name, state, error }) => [name, state, error?.message]))}`);
  }

  const message = (at) => [...part("message", at).children].map((line) => line.textContent);
  const reaches = (name, phase, at) => until(() => item(name, at)?.phase === phase && shows(name, at)?.phase === phase, `${name} ${phase}`);
  const frame = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));

  return {
    seen, element, part, isShown, item, row, shows, file, picture, drop, paste, focus, until, reaches, frame, release: () => release(),
    message,
    said: (at) => element(at).shadowRoot.querySelector("[role=status]").textContent,
    entries: (form = root().querySelector("form")) => [...new FormData(form).entries()].map(([name, value]) => `${name}=${value.replace(/.*\/files/, "/files")}`),
  };
})();
