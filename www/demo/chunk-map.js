// Draws a transfer's chunks as tiles, one chunk a tile, and repaints only those that changed.
const HEIGHT = 72; // CSS px at most
const BAR = 12; // CSS px: the least width of a tile, and the height, where all fit in one row
const LARGEST = 13;
const SMALLEST = 2; // below that, one tile stands for several chunks
const NAMES = ["--missing", "--flight", "--reused", "--confirmed"];
const maps = new Map();
let palette = null;

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) maps.get(target)?.resized(contentRect.width);
});

for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(query).addEventListener("change", () => {
    palette = null;
    for (const map of maps.values()) map.repaint();
  });
}

// Asked of an element: a canvas does not know the system's colours as the page shows them.
function colours() {
  palette ??= NAMES.map((name) => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.className = "tile";
    probe.style.color = `var(${name})`;
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  });
  return palette;
}

/** Lays `count` tiles into `width` px: all in one row if they fit, else in rows of small squares. */
export function layOut(count, width, scale) {
  const wide = Math.max(1, Math.floor(width * scale));
  if (count * BAR <= width) {
    return { each: 1, columns: count, rows: 1, tile: Math.round(BAR * scale), gap: Math.round(2 * scale), wide };
  }
  const fitting = Math.floor(Math.sqrt((width * HEIGHT) / count));
  const tile = Math.round(Math.min(LARGEST, Math.max(SMALLEST, fitting)) * scale);
  const columns = Math.max(1, Math.floor(wide / tile));
  const most = columns * Math.max(1, Math.floor((HEIGHT * scale) / tile));
  const each = Math.ceil(count / most);
  const rows = Math.ceil(count / each / columns);
  return { each, columns, rows, tile, gap: tile >= 4 * scale ? Math.max(1, Math.round(scale)) : 0, wide };
}

/** How many chunks are in each state. */
export function countStates(chunks) {
  const counts = [0, 0, 0, 0];
  for (const state of chunks) counts[state] += 1;
  const [missing, flight, reused, confirmed] = counts;
  return { total: chunks.length, missing, flight, reused, confirmed };
}

// For several chunks in one tile: what is on its way shows, and it is done when all are.
function blend(chunks, from, to) {
  let least = 3;
  for (let index = from; index < to; index += 1) {
    if (chunks[index] === 1) return 1;
    least = Math.min(least, chunks[index]);
  }
  return least;
}

export class ChunkMap {
  #width = 0;
  #canvas;
  #redraw;
  #grid = null;
  #painted = new Uint8Array(0);

  /** `redraw` is called when the map has to be drawn again, because its width or the colours changed. */
  constructor(canvas, redraw) {
    this.#canvas = canvas;
    this.#redraw = redraw;
    maps.set(canvas, this);
    sizes.observe(canvas);
  }

  release() {
    sizes.unobserve(this.#canvas);
    maps.delete(this.#canvas);
  }

  // The canvas' height follows from the tiles, so only a new width is news.
  resized(width) {
    if (width === this.#width) return;
    this.#width = width;
    this.repaint();
  }

  repaint() {
    this.#grid = null;
    this.#redraw();
  }

  draw(chunks) {
    this.#canvas.hidden = chunks.length === 0;
    if (this.#width === 0 || chunks.length === 0) return;
    if (this.#grid === null || this.#grid.count !== chunks.length) this.#prepare(chunks.length);
    const { each, columns, tile, gap, wide, rows } = this.#grid;
    const context = this.#canvas.getContext("2d");
    const height = rows === 1 ? tile : tile - gap;
    for (let index = 0; index < this.#painted.length; index += 1) {
      const state = each === 1 ? chunks[index] : blend(chunks, index * each, Math.min(chunks.length, (index + 1) * each));
      if (this.#painted[index] === state) continue;
      this.#painted[index] = state;
      const column = index % columns;
      const left = Math.round((column * wide) / columns);
      const right = Math.round(((column + 1) * wide) / columns);
      const top = Math.floor(index / columns) * tile;
      context.fillStyle = colours()[state];
      context.fillRect(left, top, Math.max(1, right - left - (column === columns - 1 ? 0 : gap)), height);
    }
  }

  #prepare(count) {
    const scale = window.devicePixelRatio || 1;
    this.#grid = { count, ...layOut(count, this.#width, scale) };
    const { each, rows, tile, gap, wide } = this.#grid;
    this.#canvas.width = wide;
    this.#canvas.height = rows === 1 ? tile : rows * tile - gap;
    this.#canvas.style.height = `${this.#canvas.height / scale}px`;
    this.#painted = new Uint8Array(Math.ceil(count / each)).fill(255);
  }
}
