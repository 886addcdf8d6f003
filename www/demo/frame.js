// Draws at most once a frame, and never for longer than a part of it.
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
