// The card of one transfer: draws its job, and only what has changed since the last frame.
import { Bar } from "./bar.js";
import { ChunkMap, countStates } from "./chunk-map.js";
import { Controls } from "./controls.js";
import { bytes, duration, number } from "./format.js";
import { schedule } from "./frame.js";
import { t, translate } from "./language.js";
import { amount, plainly, stateWords } from "./wording.js";

const template = document.getElementById("card-template");
const FIGURES = 250; // ms between two changes of the figures: a person can't read them faster
const TROUBLE = 2000; // ms that a trouble stays on the card while it tries again
const NOTHING = { total: 0, hashed: 0, confirmed: 0, reused: 0 };
let made = 0;

export class Card {
  element = template.content.cloneNode(true).firstElementChild;
  redraw = () => schedule(this.#draw);
  #job;
  #makeOutcome;
  #outcome = null;
  #controls;
  #bar;
  #map = null;
  #parts = {};
  #state = null;
  #begun = false;
  #worded = false;
  #figuresAt = -Infinity;
  #troubledAt = -Infinity;

  /** `makeOutcome(job)` builds what a finished transfer shows: `{ element, draw(), release?() }`; `remove()` takes the card away. */
  constructor(job, { makeOutcome, remove }) {
    this.#job = job;
    this.#makeOutcome = makeOutcome;
    for (const name of ["name", "percent", "state", "amount", "reuse", "speed", "eta", "bar", "map", "trouble", "failure",
      "plain", "exact", "outcome"]) {
      this.#parts[name] = this.element.querySelector(`.${name}`);
    }
    this.#bar = new Bar(this.#parts.bar);
    this.#controls = new Controls(this.element, job, remove);
    this.element.dataset.testid = `${job.kind}-card`;
    this.#parts.name.id = `transfer-${(made += 1)}`;
    this.element.setAttribute("aria-labelledby", this.#parts.name.id);
    this.#draw();
    job.watch(this.redraw);
  }

  /** Writes every word again, after the language has changed. */
  reword = () => {
    this.#worded = false;
    this.redraw();
  };

  /** Lets go of what outlives the element: observers, blob URLs. */
  release() {
    this.#map?.release();
    this.#outcome?.release?.();
  }

  /** Moves the focus to its first button. */
  focus() {
    this.#controls.focus();
  }

  #draw = () => {
    const { state, transfer, begun } = this.#job;
    const turned = state !== this.#state || begun !== this.#begun;
    const reworded = !this.#worded;
    if (reworded) translate(this.element);
    if (turned || reworded) this.#drawName();
    this.#worded = true;
    if (turned) this.#turn(state, begun);
    else if (reworded) this.#controls.reword();
    if (transfer) this.#drawMap();
    const now = performance.now();
    if (turned || reworded || now - this.#figuresAt >= FIGURES) {
      this.#figuresAt = now;
      this.#drawFigures(state);
    }
    if (turned || reworded) this.#drawEnd(state);
  };

  // It changes when another file is sent instead of the one picked first.
  #drawName() {
    const { name } = this.#job;
    this.element.dataset.name = name;
    write(this.#parts.name, name);
    this.#parts.name.title = name;
  }

  // What changes with the state alone.
  #turn(state, begun) {
    this.#state = state;
    this.#begun = begun;
    this.element.dataset.state = state;
    if (state !== "done") {
      this.#outcome?.release?.();
      this.#outcome = null;
      this.#parts.outcome.replaceChildren();
    } else if (this.#outcome === null) {
      this.#outcome = this.#makeOutcome(this.#job);
      this.#parts.outcome.append(this.#outcome.element);
    }
    this.#parts.outcome.hidden = state !== "done";
    this.#controls.draw();
  }

  #drawMap() {
    this.#map ??= new ChunkMap(this.#parts.map, this.redraw);
    const { settled, transfer } = this.#job;
    // What was on its way when it ended did not arrive.
    this.#map.draw(settled ? transfer.chunks.map((chunk) => (chunk === 1 ? 0 : chunk)) : transfer.chunks);
  }

  #drawFigures(state) {
    const { progress, result } = this.#job;
    const moving = state === "transferring" && progress !== null;
    const done = state === "done";
    write(this.#parts.percent, this.#bar.draw(progress ?? NOTHING, { done, instant: result?.instant }));
    write(this.#parts.state, stateWords(this.#job));
    write(this.#parts.amount, amount(this.#job));
    write(this.#parts.reuse, progress?.reused > 0 && !result?.instant ? t("reuse", bytes(progress.reused)) : "");
    write(this.#parts.speed, moving && progress.speed > 0 ? t("speed", bytes(progress.speed)) : "");
    write(this.#parts.eta, moving && Number.isFinite(progress.eta ?? NaN) ? t("left", duration(progress.eta)) : "");
    this.#drawTrouble(state === "waiting" ? progress?.waitingFor?.cause : null, state);
  }

  // What it waits for is said while it waits, and a little longer, or it would flicker with every try: in the page's language,
  // and in the engine's own words.
  #drawTrouble(cause, state) {
    const { trouble } = this.#parts;
    const trying = ["negotiating", "transferring", "finishing"].includes(state);
    if (cause) this.#troubledAt = performance.now();
    const left = trying ? this.#troubledAt + TROUBLE - performance.now() : 0;
    trouble.hidden = !cause && !(left > 0);
    if (!cause && left > 0) setTimeout(this.redraw, left + 1);
    if (!cause) return;
    write(trouble.querySelector(".why"), plainly(cause));
    write(trouble.querySelector(".words"), cause.message);
  }

  #drawEnd(state) {
    const { error, name, transfer } = this.#job;
    this.#bar.label(t("progressOf", name));
    this.#outcome?.draw();
    this.#parts.failure.hidden = state !== "failed";
    if (state === "failed") {
      write(this.#parts.plain, plainly({ code: error.code, reason: error.cause?.reason }));
      write(this.#parts.exact, [error.message, error.code && `[${error.code}]`].filter(Boolean).join(" "));
    }
    if (transfer) {
      const counts = countStates(transfer.chunks);
      for (const key of Object.keys(counts)) counts[key] = number(counts[key]);
      this.#parts.map.setAttribute("aria-label", t("chunkMap", counts));
    }
  }
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
