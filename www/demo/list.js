// One section of the page with its transfers: adds them, shows them, removes them.
import { announceChange, announceEnd } from "./announcer.js";
import { Card } from "./card.js";
import { schedule } from "./frame.js";
import { onLanguage, t } from "./language.js";
import { Overall } from "./overall.js";
import { Tally } from "./tally.js";
import { Totals } from "./totals.js";

// From here on a list has rows instead of cards, and makes those alone that are near the window.
const MANY = 10;
const NEAR = "600px 0px";
const FIGURES = 250; // ms between two changes of the head: a person can't read them faster

export class TransferList {
  #section;
  #list;
  #makeOutcome;
  #totals = new Totals();
  #overall;
  #tally;
  // Each job's element, and its card, once there is one.
  #shown = new Map();
  #waiting = new WeakMap();
  #nearby;
  #drawnAt = -Infinity;
  #late = 0;

  /** Shows the jobs in `section`; `makeOutcome(job)` builds what a finished one shows. */
  constructor(section, makeOutcome) {
    this.#section = section;
    this.#list = section.querySelector("ul");
    this.#makeOutcome = makeOutcome;
    this.#overall = new Overall(section, this.#totals, {
      pauseAll: () => this.#each((job) => job.group === "paused" || job.settled || job.pause()),
      resumeAll: () => this.#each((job) => job.group === "paused" && job.resume()),
      clear: () => this.#clear(),
    });
    this.#tally = new Tally(section.querySelector(".tally"), this.#list, this.#totals);
    const seen = (entries) => {
      for (const { target, isIntersecting } of entries) if (isIntersecting) schedule(this.#waiting.get(target));
    };
    this.#nearby = new IntersectionObserver(seen, { rootMargin: NEAR });
    onLanguage(() => {
      for (const { card } of this.#shown.values()) if (card) schedule(card.reword);
      this.#overall.reword();
      this.#drawHead();
    });
    setInterval(() => this.#tick(), 1000);
  }

  /** Starts a job and shows it: at once where there are few, else as soon as it comes near the window. */
  add(job) {
    const element = document.createElement("li");
    element.className = "card row";
    element.textContent = job.name;
    element.dataset.group = job.group;
    this.#shown.set(job, { element, card: null, state: job.state });
    this.#section.hidden = false;
    this.#list.append(element);
    job.watch(this.#changed);
    this.#changed(job);
    const many = this.#shown.size > MANY;
    this.#list.classList.toggle("compact", many);
    if (many) {
      this.#waiting.set(element, () => this.#draw(job));
      this.#nearby.observe(element);
    } else {
      this.#draw(job);
    }
    job.start();
    this.#told();
  }

  /** Takes a job off the list. */
  remove(job) {
    const shown = this.#shown.get(job);
    if (shown === undefined) return;
    const focused = shown.element.contains(document.activeElement);
    const next = shown.element.nextElementSibling ?? shown.element.previousElementSibling;
    this.#drop(job);
    this.#after();
    if (!focused) return;
    const card = [...this.#shown.values()].find(({ element }) => element === next)?.card;
    if (card) card.focus();
    else this.#leave();
  }

  #draw(job) {
    const shown = this.#shown.get(job);
    if (shown === undefined || shown.card) return;
    shown.card = new Card(job, { makeOutcome: this.#makeOutcome, remove: () => this.remove(job) });
    this.#nearby.unobserve(shown.element);
    shown.card.element.dataset.group = job.group;
    shown.element.replaceWith(shown.card.element);
    shown.element = shown.card.element;
  }

  #changed = (job) => {
    const shown = this.#shown.get(job);
    if (shown === undefined) return;
    this.#totals.update(job);
    if (job.state !== shown.state) this.#turned(job, shown);
    schedule(this.#drawHead);
  };

  #turned(job, shown) {
    const many = this.#shown.size > MANY;
    shown.state = job.state;
    shown.element.dataset.group = job.group;
    announceChange(job, many);
    if (many && job.settled && this.#totals.settled === this.#totals.size) announceEnd(this.#totals.counts);
  }

  #drawHead = () => {
    const wait = this.#drawnAt + FIGURES - performance.now();
    if (wait > 0) {
      this.#late ||= setTimeout(() => {
        this.#late = 0;
        schedule(this.#drawHead);
      }, wait);
      return;
    }
    this.#drawnAt = performance.now();
    this.#tally.draw();
    this.#overall.draw();
  };

  // Someone who waits for the next try sees the seconds go by.
  #tick() {
    for (const [job, { card }] of this.#shown) if (card && job.state === "waiting") card.redraw();
    this.#overall.tick();
  }

  #each(act) {
    for (const job of this.#shown.keys()) act(job);
  }

  #clear() {
    for (const job of [...this.#shown.keys()]) if (job.settled) this.#drop(job);
    this.#after();
    this.#leave();
  }

  #drop(job) {
    const { element, card } = this.#shown.get(job);
    card?.release();
    this.#nearby.unobserve(element);
    element.remove();
    this.#shown.delete(job);
    this.#totals.drop(job);
  }

  #after() {
    this.#section.hidden = this.#shown.size === 0;
    this.#list.classList.toggle("compact", this.#shown.size > MANY);
    schedule(this.#drawHead);
    this.#told();
  }

  #leave() {
    const home = this.#section.hidden ? document.getElementById("ledger") : this.#section.querySelector("h2");
    home.focus({ preventScroll: true });
  }

  // The page says what to try while it has nothing else to show.
  #told() {
    document.dispatchEvent(new CustomEvent("lists-changed"));
  }
}
