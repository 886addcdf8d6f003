// How many transfers of a list are in which state; where there are many, a press on one shows those alone.
import { number } from "./format.js";
import { t } from "./language.js";

const ORDER = ["active", "paused", "queued", "done", "failed", "aborted"];

export class Tally {
  #element;
  #list;
  #totals;
  #buttons = new Map();
  #many = false;

  /** `list` is told by `data-show` which group to show. */
  constructor(element, list, totals) {
    this.#element = element;
    this.#list = list;
    this.#totals = totals;
    for (const group of ORDER) this.#buttons.set(group, this.#button(group));
  }

  draw() {
    const many = this.#list.classList.contains("compact");
    if (many !== this.#many) this.#turn(many);
    if (many) this.#drawButtons();
    else write(this.#element, ORDER.filter((group) => this.#totals.counts[group] > 0).map(this.#words).join(" · "));
  }

  #button(group) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "count";
    button.dataset.testid = `show-${group}`;
    button.addEventListener("click", () => {
      this.#list.dataset.show = this.#shows(group) ? "" : group;
      this.draw();
    });
    return button;
  }

  #turn(many) {
    this.#many = many;
    this.#list.dataset.show = "";
    this.#element.replaceChildren(...(many ? this.#buttons.values() : []));
    if (many) this.#element.setAttribute("role", "group");
    else for (const name of ["role", "aria-label"]) this.#element.removeAttribute(name);
  }

  #drawButtons() {
    this.#element.setAttribute("aria-label", t("tallyLabel"));
    for (const [group, button] of this.#buttons) {
      write(button, this.#words(group));
      // One that is pressed stays, so that it can be let go.
      button.hidden = this.#totals.counts[group] === 0 && !this.#shows(group);
      button.setAttribute("aria-pressed", String(this.#shows(group)));
    }
  }

  #words = (group) => `${number(this.#totals.counts[group])} ${t(`tally.${group}`)}`;

  #shows(group) {
    return this.#list.dataset.show === group;
  }
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
