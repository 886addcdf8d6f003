// The card of one transfer: draws its job, and only what has changed since the last frame.
import { announce } from "./announcer.js";
import { ChunkMap, countStates } from "./chunk-map.js";
import { copyText } from "./clipboard.js";
import { bytes, duration, number, percent } from "./format.js";
import { schedule } from "./frame.js";
import { t, translate } from "./language.js";

const template = document.getElementById("card-template");
const FIGURES = 250; // ms between two changes of the figures: a person can't read them faster
const TROUBLE = 2000; // ms that a trouble stays on the card while it tries again
const SPOKEN = new Set(["paused", "waiting", "done", "failed", "aborted"]);
const SHOWN_WHEN = {
  pause: (state) => ["hashing", "negotiating", "transferring", "finishing", "waiting"].includes(state),
  resume: (state) => state === "paused",
  abort: (state) => !["done", "failed", "aborted"].includes(state),
  retry: (state) => state === "failed" || state === "aborted",
  report: (state, job) => state === "failed" && job.transfer !== null,
};
let made = 0;

export class Card {
  element = template.content.cloneNode(true).firstElementChild;
  redraw = () => schedule(this.#draw);
  #job;
  #makeOutcome;
  #outcome = null;
  #map = null;
  #parts = {};
  #buttons = {};
  #state = null;
  #reached = 0;
  #worded = false;
  #figuresAt = -Infinity;
  #troubledAt = -Infinity;

  /** `makeOutcome(job)` builds what a finished transfer shows: `{ element, draw(), release?() }`. */
  constructor(job, makeOutcome) {
    this.#job = job;
    this.#makeOutcome = makeOutcome;
    for (const name of ["name", "percent", "facts", "state", "amount", "reuse", "speed", "eta", "bar", "hashed",
      "confirmed", "reused", "map", "trouble", "failure", "plain", "exact", "outcome"]) {
      this.#parts[name] = this.element.querySelector(`.${name}`);
    }
    for (const button of this.element.querySelectorAll("[data-act]")) {
      this.#buttons[button.dataset.act] = button;
      button.addEventListener("click", () => this.#act(button.dataset.act));
    }
    this.element.dataset.testid = `${job.kind}-card`;
    this.element.dataset.name = job.name;
    this.#parts.name.textContent = job.name;
    this.#parts.name.title = job.name;
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

  #act(what) {
    const job = this.#job;
    if (what === "report") copyText(JSON.stringify(job.transfer.report(), null, 2), this.#buttons.report);
    else if (what === "retry") this.element.dispatchEvent(new CustomEvent("retry"));
    else job[what]();
  }

  #draw = () => {
    const { state, progress } = this.#job;
    const turned = state !== this.#state;
    const reworded = !this.#worded;
    if (reworded) translate(this.element);
    this.#worded = true;
    if (turned) this.#turn(state);
    if (progress) this.#drawBar(progress, state);
    if (this.#job.transfer) this.#drawMap();
    const now = performance.now();
    if (turned || reworded || now - this.#figuresAt >= FIGURES) {
      this.#figuresAt = now;
      this.#drawFigures(progress, state);
    }
    if (turned || reworded) this.#drawEnd(state);
  };

  // What changes with the state alone. The focus does not get lost with the button that had it.
  #turn(state) {
    const focused = this.element.contains(document.activeElement) ? document.activeElement : null;
    if (this.#state !== null && SPOKEN.has(state)) announce(this.#job.name, this.#stateWords(state));
    this.#state = state;
    this.element.dataset.state = state;
    for (const [name, button] of Object.entries(this.#buttons)) button.hidden = !SHOWN_WHEN[name](state, this.#job);
    if (state !== "done") {
      this.#outcome?.release?.();
      this.#outcome = null;
      this.#parts.outcome.replaceChildren();
    } else if (this.#outcome === null) {
      this.#outcome = this.#makeOutcome(this.#job);
      this.#parts.outcome.append(this.#outcome.element);
    }
    this.#parts.outcome.hidden = state !== "done";
    if (focused?.hidden) this.element.querySelector(".actions :not([hidden]):is(a, button)")?.focus();
  }

  #drawBar(progress, state) {
    const done = state === "done";
    const share = (part) => (done ? 1 : progress.total > 0 ? Math.min(1, part / progress.total) : 0);
    const reused = progress.total > 0 ? Math.min(1, progress.reused / progress.total) : 0;
    stretch(this.#parts.hashed, done ? 0 : share(progress.hashed));
    stretch(this.#parts.confirmed, share(progress.confirmed));
    stretch(this.#parts.reused, done && this.#job.result.instant ? 1 : reused);
    const reached = done ? 100 : progress.total > 0 ? Math.min(percent(progress.confirmed, progress.total), 99) : null;
    if (reached === this.#reached) return;
    this.#reached = reached;
    write(this.#parts.percent, reached === null ? "" : `${reached}%`);
    // Without a value it says that nobody knows: a download whose size the server has not told.
    if (reached === null) this.#parts.bar.removeAttribute("aria-valuenow");
    else this.#parts.bar.setAttribute("aria-valuenow", reached);
  }

  #drawMap() {
    this.#map ??= new ChunkMap(this.#parts.map, this.redraw);
    const { settled, transfer } = this.#job;
    // What was on its way when it ended did not arrive.
    this.#map.draw(settled ? transfer.chunks.map((chunk) => (chunk === 1 ? 0 : chunk)) : transfer.chunks);
  }

  #stateWords(state) {
    if (state === "transferring") return t(`state.transferring.${this.#job.kind}`);
    const waiting = this.#job.progress?.waitingFor;
    if (state === "queued" && waiting?.reason === "another-tab") return t("waitingTab");
    if (state !== "waiting") return t(`state.${state}`);
    if (waiting?.reason === "offline") return t("waitingOffline");
    const seconds = ((waiting?.until ?? 0) - Date.now()) / 1000;
    return seconds > 0 ? t("waitingRetryIn", duration(seconds)) : t("waitingRetry");
  }

  #drawFigures(progress, state) {
    const { size, result } = this.#job;
    const moving = state === "transferring";
    const total = progress?.total || size;
    write(this.#parts.state, this.#stateWords(state));
    if (state === "done") write(this.#parts.amount, bytes(result.size));
    else if (state === "hashing") write(this.#parts.amount, t("amountRead", bytes(progress?.hashed), bytes(total)));
    else if (progress && total) write(this.#parts.amount, t("amount", bytes(progress.confirmed), bytes(total)));
    else write(this.#parts.amount, bytes(total || progress?.confirmed));
    write(this.#parts.reuse, progress?.reused > 0 && !result?.instant ? t("reuse", bytes(progress.reused)) : "");
    write(this.#parts.speed, moving && progress.speed > 0 ? t("speed", bytes(progress.speed)) : "");
    this.#drawTrouble(state === "waiting" ? progress?.waitingFor?.cause : null, state);
    write(this.#parts.eta, moving && Number.isFinite(progress.eta ?? NaN) ? t("left", duration(progress.eta)) : "");
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
    this.#parts.bar.setAttribute("aria-label", t("progressOf", name));
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

function plainly({ code, reason }) {
  for (const key of [`causes.${reason}`, `errors.${code}`]) {
    const words = t(key);
    if (words !== key) return words;
  }
  return t("errors.unknown");
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function stretch(element, share) {
  const transform = `scaleX(${share.toFixed(4)})`;
  if (element.style.transform !== transform) element.style.transform = transform;
}
