/**
 * Stands in for `WebAssembly` inside the glue, and watches every call into the instance.
 *
 * A trap (`unreachable`, out of memory, stack overflow) surfaces wherever JavaScript happened to call in: a verb,
 * a timer, a promise's callback. Whatever leaves an export by throwing has skipped Rust's destructors, so the
 * instance is never entered again: later calls, from callbacks that are still on their way, do nothing.
 * `onTrap(error)` is called once, with no frame of the instance left on the stack.
 */
export function watchTraps(onTrap) {
  let fault;
  let depth = 0;

  const watched = (call) => (...args) => {
    if (fault) {
      // Below another frame of the dead instance: unwind that frame too.
      if (depth > 0) throw fault.error;
      return NOTHING;
    }
    depth += 1;
    try {
      const value = call(...args);
      // An import that catches may have swallowed the fault of a nested call.
      if (!fault) return value;
    } catch (error) {
      fault ??= { error };
    } finally {
      depth -= 1;
    }
    if (depth > 0) throw fault.error;
    onTrap(fault.error);
    return NOTHING;
  };

  class Instance {
    constructor(module, imports) {
      this.exports = {};
      const { exports } = new WebAssembly.Instance(module, imports);
      for (const [name, value] of Object.entries(exports)) {
        this.exports[name] = typeof value === 'function' ? watched(value) : value;
      }
    }
  }

  // The digests' module has no state that a trap could tear.
  const instantiate = (...args) => WebAssembly.instantiate(...args);

  return { Module: WebAssembly.Module, Instance, instantiate };
}

// What a call into a dead instance gives: reads as 0 where the glue expects a number, and as "no error, nothing"
// where it expects several values.
const NOTHING = Object.freeze([]);
