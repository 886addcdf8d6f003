import { parseSize } from './limits.js';

/** The properties that are attributes, too: how they are read. */
const READ = {
  text: (value) => value ?? '',
  flag: (value) => value !== null,
  // Without a limit it is Infinity.
  size: (value) => (parseSize(value) >= 0 ? parseSize(value) : Infinity),
};
const KINDS = {
  endpoint: 'text',
  accept: 'text',
  name: 'text',
  multiple: 'flag',
  directory: 'flag',
  auto: 'flag',
  disabled: 'flag',
  required: 'flag',
  maxSize: 'size',
  maxFiles: 'size',
};
const toAttribute = (name) => name.replace(/[A-Z]/, '-$&').toLowerCase();

/** What they are called as attributes. */
export const attributes = Object.keys(KINDS).map(toAttribute);

/** Gives a class these properties. */
export function reflect(prototype) {
  for (const [name, kind] of Object.entries(KINDS)) {
    const attribute = toAttribute(name);
    Object.defineProperty(prototype, name, {
      get() {
        return READ[kind](this.getAttribute(attribute));
      },
      set(value) {
        if (kind === 'flag') this.toggleAttribute(attribute, Boolean(value));
        else if (value == null || value === Infinity) this.removeAttribute(attribute);
        else this.setAttribute(attribute, value);
      },
    });
  }
}

/** Takes over the properties that were set before the element was one: they hide those of the class. */
export function upgrade(element) {
  for (const name of [...Object.keys(KINDS), 'options']) {
    if (!Object.hasOwn(element, name)) continue;
    const value = element[name];
    delete element[name];
    element[name] = value;
  }
}
