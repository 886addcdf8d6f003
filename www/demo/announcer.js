// Tells screen readers what changed its state: one short sentence, never a flood.
import { number } from "./format.js";
import { t } from "./language.js";
import { stateWords } from "./wording.js";

const QUIET = 700; // ms: changes that come together are said together
const MOST = 3;
const SPOKEN = new Set(["paused", "waiting", "done", "failed", "aborted"]);
const STEP = 25; // percent between two words about the progress
const APART = 10_000; // ms that they are apart at least
const region = document.getElementById("announcer");
const progress = new Map();
let said = new Map();
let timer = 0;

function speak() {
  const sentences = [...said].map(([name, words]) => t("said", name, words));
  region.textContent = sentences.length > MOST ? t("saidMany", number(sentences.length)) : sentences.join(" ");
  said = new Map();
  timer = 0;
}

/** Says `words` about `name`; a later word about the same name replaces an earlier one not yet said. */
export function announce(name, words) {
  said.set(name, words);
  timer ||= setTimeout(speak, QUIET);
}

/** Says what a job has become; one of many only when it failed. */
export function announceChange(job, oneOfMany) {
  if (oneOfMany ? job.state === "failed" : SPOKEN.has(job.state)) announce(job.name, stateWords(job));
}

/** Says that all of many have ended. */
export function announceEnd({ done, failed }) {
  announce(t("allEnded"), t("ended", number(done), number(failed)));
}

/** Says how far the transfers of a list are, at every quarter, if that takes long enough to be worth a word. */
export function announceProgress(name, reach) {
  if (reach === null || reach.read) return;
  const step = Math.floor(reach.percent / STEP);
  const last = progress.get(name) ?? { step: 0, at: performance.now() };
  const due = step > last.step && step < 100 / STEP && performance.now() - last.at >= APART;
  if (due) announce(name, `${reach.percent}%`);
  progress.set(name, due || step < last.step ? { step, at: performance.now() } : last);
}
