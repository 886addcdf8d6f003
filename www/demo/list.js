// One section of the page with its cards: adds them, counts them, clears those that have ended.
import { Card } from "./card.js";
import { schedule } from "./frame.js";
import { onLanguage, t } from "./language.js";
import { Line } from "./line.js";

const ORDER = ["active", "paused", "queued", "done", "failed", "aborted"];

export class TransferList {
  #section;
  #list;
  #tally;
  #clear;
  #makeOutcome;
  #line = new Line();
  #jobs = new Map();

  /** Shows the jobs in `section`; `makeOutcome(job)` builds what a finished one shows. */
  constructor(section, makeOutcome) {
    this.#section = section;
    this.#list = section.querySelector("ul");
    this.#tally = section.querySelector(".tally");
    this.#clear = section.querySelector(".list-head button");
    this.#makeOutcome = makeOutcome;
    this.#clear.addEventListener("click", () => this.#clearSettled());
    onLanguage(() => {
      for (const card of this.#jobs.values()) if (card) schedule(card.reword);
      schedule(this.#drawTally);
    });
    setInterval(() => this.#tick(), 1000);
  }

  /** Puts a job into the line. Its card follows as soon as a frame has time for it. */
  add(job) {
    this.#jobs.set(job, null);
    this.#section.hidden = false;
    document.getElementById("empty").hidden = true;
    job.watch(() => {
      this.#line.changed(job);
      schedule(this.#drawTally);
    });
    this.#line.add(job);
    schedule(() => this.#show(job));
    schedule(this.#drawTally);
  }

  #show(job) {
    const card = new Card(job, this.#makeOutcome);
    card.element.addEventListener("retry", () => {
      job.reset();
      this.#line.add(job);
    });
    this.#jobs.set(job, card);
    this.#list.append(card.element);
  }

  // Someone who waits for the next try sees the seconds go by.
  #tick() {
    for (const [job, card] of this.#jobs) if (card && job.state === "waiting") card.redraw();
  }

  #drawTally = () => {
    const counts = {};
    for (const job of this.#jobs.keys()) {
      const key = job.active ? "active" : job.state;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    const words = ORDER.filter((key) => counts[key]).map((key) => `${counts[key]} ${t(`tally.${key}`)}`);
    this.#tally.textContent = words.join(" · ");
    this.#clear.hidden = !(counts.done || counts.failed || counts.aborted);
  };

  #clearSettled() {
    for (const [job, card] of this.#jobs) {
      if (!job.settled || !card) continue;
      card.release();
      card.element.remove();
      this.#jobs.delete(job);
    }
    this.#section.hidden = this.#jobs.size === 0;
    this.#drawTally();
    document.getElementById("ledger").focus({ preventScroll: true });
  }
}
