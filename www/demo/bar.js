// A progress bar of three layers, for one transfer and for all: read, safe, and what was there already.
import { figure, reached } from "./wording.js";

export class Bar {
  #element;
  #layers;
  #said = "";

  constructor(element) {
    this.#element = element;
    this.#layers = ["hashed", "confirmed", "reused"].map((name) => element.querySelector(`.${name}`));
  }

  label(words) {
    this.#element.setAttribute("aria-label", words);
  }

  /** Draws it, and returns the figure that goes with it. `done` is full, and `instant` full of what was there. */
  draw({ total, hashed, confirmed, reused }, { done = false, instant = false } = {}) {
    const share = (part) => (total > 0 ? Math.min(1, part / total) : 0);
    const shares = done ? [0, 1, instant ? 1 : share(reused)] : [hashed, confirmed, reused].map(share);
    this.#layers.forEach((layer, at) => stretch(layer, shares[at]));
    const reach = reached({ total, hashed, confirmed }, done);
    const words = figure(reach);
    if (words !== this.#said) {
      this.#said = words;
      this.#say(reach, words);
    }
    return words;
  }

  // Without a value it says that nobody knows.
  #say(reach, words) {
    const element = this.#element;
    if (reach === null) {
      element.removeAttribute("aria-valuenow");
      element.removeAttribute("aria-valuetext");
    } else {
      element.setAttribute("aria-valuenow", reach.percent);
      element.setAttribute("aria-valuetext", words);
    }
  }
}

function stretch(element, share) {
  const transform = `scaleX(${share.toFixed(4)})`;
  if (element.style.transform !== transform) element.style.transform = transform;
}
