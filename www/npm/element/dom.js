/**
 * Makes an element of a part, which is its class, too. What it has as a property is set as one, the rest are attributes. No markup is
 * parsed: a page's Trusted Types have nothing against it.
 */
export function make(tag, part, properties = {}, ...children) {
  const element = document.createElement(tag);
  name(element, part);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** Gives an element another part, and class. */
export function name(element, part) {
  element.className = element.part = part;
}

/** Draws a path in 20 × 20 units as an icon. */
export function icon(path) {
  const [svg, shape] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
  svg.setAttribute('viewBox', '0 0 20 20');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

/** Writes text, if it is another one: what is written again is laid out again, and some readers say it again. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Writes what there is of some facts. */
export const writeFacts = (element, ...facts) => write(element, facts.filter(Boolean).join(' · '));

/** Makes a progress bar's part as long as its share of the whole, and says how far that is. */
export function stretch(part, share, bar) {
  part.style.transform = `scaleX(${share})`;
  if (bar) bar.ariaValueNow = Math.floor(share * 100);
}
