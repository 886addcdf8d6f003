// What is left of a frame belongs to layout, paint and the engine's callbacks.
const BUDGET = 8;

const queue = new Set();
let asked = false;

/** Has `draw` called in the next frame that has time for it: once, however often it was asked for, first come, first drawn. */
export function schedule(draw) {
  queue.add(draw);
  ask();
}

function run() {
  asked = false;
  const end = performance.now() + BUDGET;
  for (const draw of queue) {
    queue.delete(draw);
    draw();
    if (performance.now() >= end) break;
  }
  if (queue.size > 0) ask();
}

function ask() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(run);
}
