// Puts something in the place of a global object for the length of one test.

export function setGlobal(t, name, value) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  t.after(() => {
    if (before) Object.defineProperty(globalThis, name, before);
    else delete globalThis[name];
  });
}

/** Resolves when the promises that are on their way have been settled. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
