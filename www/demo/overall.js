// What a list has in all: one bar, the speed, the time left, and the buttons that act on all.
import { announceProgress } from "./announcer.js";
import { Bar } from "./bar.js";
import { bytes, duration } from "./format.js";
import { t, translate } from "./language.js";
import { reached } from "./wording.js";

const WINDOW = 8; // s that the speed is taken over: with many small files, one second says little

export class Overall {
  #section;
  #element;
  #totals;
  #bar;
  #buttons = {};
  #parts = {};
  // How many bytes this visit has moved, once a second.
  #samples = [];

  /** `acts` has what `pauseAll`, `resumeAll` and `clear` do. */
  constructor(section, totals, acts) {
    this.#section = section;
    this.#totals = totals;
    this.#element = section.querySelector(".overall");
    this.#bar = new Bar(this.#element.querySelector(".bar"));
    for (const name of ["percent", "amount", "speed", "eta"]) this.#parts[name] = this.#element.querySelector(`.${name}`);
    for (const [name, act] of Object.entries(acts)) {
      const button = section.querySelector(`[data-all=${name}]`);
      this.#buttons[name] = button;
      button.addEventListener("click", () => {
        act();
        this.draw();
      });
    }
    this.reword();
  }

  reword() {
    translate(this.#section.querySelector(".list-head"));
    this.#bar.label(t("progressOf", this.#section.querySelector("h2").textContent));
  }

  draw() {
    const { size, counts, bytes: sum, settled } = this.#totals;
    const several = size > 1;
    const focused = Object.values(this.#buttons).find((button) => button === document.activeElement);
    this.#buttons.pauseAll.hidden = !several || counts.active + counts.queued === 0;
    this.#buttons.resumeAll.hidden = !several || counts.paused === 0;
    this.#buttons.clear.hidden = settled === 0;
    if (focused?.hidden) this.#refocus();
    this.#element.hidden = !several || sum.total === 0;
    if (this.#element.hidden) return;
    const done = settled === size;
    const figure = this.#bar.draw(sum, { done });
    write(this.#parts.percent, figure);
    write(this.#parts.amount, t("amount", bytes(sum.confirmed), bytes(sum.total)));
    const speed = done ? 0 : this.#speed;
    write(this.#parts.speed, speed > 0 ? t("speed", bytes(speed)) : "");
    write(this.#parts.eta, speed > 0 ? t("left", duration((sum.total - sum.confirmed) / speed)) : "");
  }

  /** To be called once a second. */
  tick() {
    const { size, counts, bytes: sum } = this.#totals;
    if (size === 0 || counts.active === 0) {
      this.#samples = [];
    } else {
      this.#samples.push(sum.confirmed - sum.reused);
      if (this.#samples.length > WINDOW + 1) this.#samples.shift();
      announceProgress(this.#section.querySelector("h2").textContent, reached(sum));
    }
    this.draw();
  }

  get #speed() {
    const seconds = this.#samples.length - 1;
    return seconds > 0 ? Math.max(0, (this.#samples.at(-1) - this.#samples[0]) / seconds) : 0;
  }

  #refocus() {
    const there = Object.values(this.#buttons).find((button) => !button.hidden) ?? this.#section.querySelector("h2");
    there.focus({ preventScroll: true });
  }
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
