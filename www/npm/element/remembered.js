// Which uploads of an element a visit may leave unfinished. What it left the engine knows; this is to know whether the engine has to be
// loaded for that. Kept in `place` of the storage, which a browser may forbid, and which may hold anything: then nothing is remembered.

/** Returns when each was started, by what `keyOf` gives. */
export function remembered(place) {
  try {
    return JSON.parse(localStorage.getItem(place)) ?? {};
  } catch {
    return {};
  }
}

/** Notes that one was started, or that it is of no interest any more. */
export function remember(place, key, isStarted) {
  const all = remembered(place);
  if (isStarted === key in all) return;
  if (isStarted) all[key] = 1;
  else delete all[key];
  try {
    localStorage.setItem(place, JSON.stringify(all));
  } catch {
    // As above.
  }
}
