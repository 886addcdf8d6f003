// What the scenarios of the demo page do in it; run there by hand of the test, not loaded by the page.
"use strict";
window.demoPage = {
  /** Fills the field `css` with files that it makes: `count` of `size` bytes each, all different. */
  fill(css, count, size) {
    const transfer = new DataTransfer();
    for (let i = 0; i < count; i += 1) {
      const bytes = new Uint32Array(Math.ceil(size / 4)).fill(i + 1);
      transfer.items.add(new File([bytes], `file-${String(i).padStart(4, "0")}.bin`));
    }
    document.querySelector(css).files = transfer.files;
  },

  /** Chooses such files. */
  choose(css, count, size) {
    demoPage.fill(css, count, size);
    document.querySelector(css).dispatchEvent(new Event("change"));
  },

  /** Counts the calls of `upload` from now on. */
  countUploads() {
    const real = globalThis.xuchuan;
    const counted = { ...real, calls: 0 };
    counted.upload = (...args) => {
      counted.calls += 1;
      return real.upload(...args);
    };
    globalThis.xuchuan = counted;
  },

  /** Notes what the last upload's card shows in every frame, until it has ended. */
  film() {
    const seen = [];
    const look = () => {
      const card = [...document.querySelectorAll("[data-testid=upload-card]")].at(-1);
      const shown = card && [card.dataset.state, card.querySelector("[data-testid=percent]").textContent];
      if (shown && String(seen.at(-1)) !== String(shown)) seen.push(shown);
      if (!["done", "failed", "aborted"].includes(card?.dataset.state)) requestAnimationFrame(look);
    };
    look();
    demoPage.seen = seen;
  },

  /** The landmarks' names, as a screen reader lists them. */
  landmarks() {
    const regions = [...document.querySelectorAll("section[aria-labelledby], nav[aria-label]")].filter((one) => !one.closest("[hidden]"));
    return regions.map((one) => one.getAttribute("aria-label") ?? document.getElementById(one.getAttribute("aria-labelledby")).textContent);
  },

  /** How far what the drop zone says stays clear of its edge at least, in CSS pixels. */
  clearance() {
    const zone = document.getElementById("drop").getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(document.querySelector("#drop .drop-words"));
    const words = [...range.getClientRects()].filter((box) => box.width > 1);
    const left = Math.min(...words.map((box) => box.left)) - zone.left;
    const right = zone.right - Math.max(...words.map((box) => box.right));
    const top = Math.min(...words.map((box) => box.top)) - zone.top;
    const bottom = zone.bottom - Math.max(...words.map((box) => box.bottom));
    return Math.min(left, right, top, bottom);
  },

  /** Colours as they are painted: of the bar's layers, the legend's tiles, and a card's edge. */
  colours() {
    const of = (css, property) => getComputedStyle(document.querySelector(css)).getPropertyValue(property);
    return {
      page: of("body", "background-color"),
      bar: [".card .bar", ".card .bar .confirmed"].map((css) => of(css, "background-color")),
      tiles: ["missing", "flight", "reused", "confirmed"].map((name) => of(`.legend .tile.${name}`, "background-color")),
      edge: { width: of(".card", "border-top-width"), color: of(".card", "border-top-color"), drop: of(".drop", "border-top-width") },
    };
  },
};
