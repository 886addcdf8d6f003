// The page's one notice: what keeps it from working, in words, with a way to try again where there is one.
import { onLanguage, t } from "./language.js";

export class Notice {
  #element;
  #shown = null;

  constructor(element) {
    this.#element = element;
    element.querySelector("button").addEventListener("click", () => {
      const { retry } = this.#shown;
      element.hidden = true;
      retry();
    });
    onLanguage(() => this.#draw());
  }

  /** `value` goes into the text; with `retry` there is a button that hides the notice and calls it. */
  show(title, text, { value, retry = null } = {}) {
    this.#shown = { title, text, value, retry };
    this.#element.hidden = false;
    this.#draw();
  }

  #draw() {
    if (this.#shown === null) return;
    const { title, text, value, retry } = this.#shown;
    this.#element.querySelector("h2").textContent = t(title);
    this.#element.querySelector("p").textContent = t(text, value);
    this.#element.querySelector("button").hidden = retry === null;
  }
}
