// Tells screen readers what changed its state: one short sentence, never a flood.
import { t } from "./language.js";

const QUIET = 700; // ms: changes that come together are said together
const MOST = 3;
const region = document.getElementById("announcer");
let said = new Map();
let timer = 0;

function speak() {
  const sentences = [...said].map(([name, words]) => t("said", name, words));
  region.textContent = sentences.length > MOST ? t("saidMany", sentences.length) : sentences.join(" ");
  said = new Map();
  timer = 0;
}

/** Says `words` about `name`; a later word about the same name replaces an earlier one not yet said. */
export function announce(name, words) {
  said.set(name, words);
  timer ||= setTimeout(speak, QUIET);
}
