// Puts something in the place of a global object for the length of one test.

// For each test what it has set.
const replaced = new WeakMap();

export function setGlobal(t, name, value) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  if (!replaced.has(t)) replaced.set(t, new Set());
  // Set again, it is the first that goes back.
  if (replaced.get(t).has(name)) return;
  replaced.get(t).add(name);
  t.after(() => {
    if (before) Object.defineProperty(globalThis, name, before);
    else delete globalThis[name];
  });
}

/** Resolves when the promises that are on their way have been settled. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
