// Work in small parts: drawing at most once a frame, long lists a few at a time, and never longer than a part of a frame.
const BUDGET = 8; // ms: what is left of a frame belongs to layout, paint and the engine's callbacks
const queue = new Set();
let asked = false;

function run() {
  const until = performance.now() + BUDGET;
  asked = false;
  for (const draw of queue) {
    queue.delete(draw);
    draw();
    if (performance.now() >= until) break;
  }
  if (queue.size > 0) ask();
}

function ask() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(run);
}

/** Calls `draw` in the next frame that has time for it; the same function is queued once, first come, first drawn. */
export function schedule(draw) {
  queue.add(draw);
  ask();
}

/** Calls `each` for every item in order, and lets the page breathe in between. A hidden tab has no frames, so not by those. */
export async function inSlices(items, each) {
  let until = performance.now() + BUDGET;
  for (const item of items) {
    if (performance.now() >= until) {
      await breath();
      until = performance.now() + BUDGET;
    }
    each(item);
  }
}

const breath = () => globalThis.scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
