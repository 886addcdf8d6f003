// The buttons of a card. The focus stays where it is or moves to what does no harm, so that no key pressed twice destroys a transfer.
import { copyText } from "./clipboard.js";
import { t } from "./language.js";

const SHOWN_WHEN = {
  toggle: (job) => !job.settled,
  retry: (job) => job.state === "failed" || job.state === "aborted",
  report: (job) => job.state === "failed" && job.transfer !== null,
  // What has not begun is taken off the list at once; stopping the rest would throw something away, and asks.
  abort: (job) => !job.settled && job.begun,
  remove: (job) => job.settled || !job.begun,
};
// Whose names alone would not tell which transfer is meant.
const NAMED = ["toggle", "retry", "abort", "remove"];

export class Controls {
  #job;
  #card;
  #buttons = {};
  #ask;
  #remove;

  /** `remove()` takes the card off its list. */
  constructor(card, job, remove) {
    this.#job = job;
    this.#card = card;
    this.#remove = remove;
    this.#ask = card.querySelector(".ask");
    for (const button of card.querySelectorAll("[data-act]")) {
      this.#buttons[button.dataset.act] = button;
      button.addEventListener("click", () => this.#acts[button.dataset.act]());
    }
    this.#ask.addEventListener("keydown", ({ key }) => key === "Escape" && this.#keep());
  }

  /** Shows those that fit the state. */
  draw() {
    const { focused } = this;
    const paused = this.#job.state === "paused";
    const { toggle } = this.#buttons;
    // One button for both, so that it stays under the finger that pressed it.
    toggle.dataset.t = toggle.dataset.testid = paused ? "resume" : "pause";
    toggle.classList.toggle("solid", paused);
    toggle.classList.toggle("quiet", !paused);
    for (const [name, shown] of Object.entries(SHOWN_WHEN)) this.#buttons[name].hidden = !shown(this.#job);
    if (!this.#ask.hidden && !SHOWN_WHEN.abort(this.#job)) this.#answered();
    this.reword();
    if (focused && focused.closest("[hidden]")) this.focus();
  }

  /** Writes what the buttons say. */
  reword() {
    const { toggle } = this.#buttons;
    toggle.textContent = t(toggle.dataset.t);
    for (const name of NAMED) {
      const button = this.#buttons[name];
      button.setAttribute("aria-label", t("actOn", t(button.dataset.t), this.#job.name));
    }
    this.#ask.setAttribute("aria-label", t("actOn", t("abort"), this.#job.name));
    this.#ask.querySelector("p").textContent = t(`ask.${this.#job.kind}`);
  }

  /** Moves the focus to the first button there is. */
  focus() {
    const there = [...this.#card.querySelectorAll("a, button")].find((one) => !one.closest("[hidden]"));
    there?.focus({ preventScroll: true });
  }

  get focused() {
    return this.#card.contains(document.activeElement) ? document.activeElement : null;
  }

  #acts = {
    toggle: () => (this.#job.state === "paused" ? this.#job.resume() : this.#job.pause()),
    retry: () => this.#job.retry(),
    report: () => copyText(JSON.stringify(this.#job.transfer.report(), null, 2), this.#buttons.report),
    abort: () => {
      this.#ask.hidden = false;
      this.#card.classList.add("asking");
      this.#buttons.keep.focus();
    },
    keep: () => this.#keep(),
    stop: () => {
      this.#answered();
      this.#job.abort();
    },
    remove: () => {
      this.#job.abort();
      this.#remove();
    },
  };

  #keep() {
    this.#answered();
    this.#buttons.abort.focus();
  }

  #answered() {
    this.#ask.hidden = true;
    this.#card.classList.remove("asking");
  }
}
