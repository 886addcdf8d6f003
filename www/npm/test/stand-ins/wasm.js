// A real WebAssembly module that traps when it is asked to.

const text = (name) => [name.length, ...Buffer.from(name)];
const section = (id, ...content) => [id, content.flat().length, ...content.flat()];
const HEAD = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/**
 * Imports `env.call`. Exports `trap`, which traps; `callOut`, which calls the import; `answer`, which returns 42; and a memory.
 */
export const wasm = new Uint8Array(
  [
    HEAD,
    // Types: () -> (), () -> i32.
    section(1, 2, [0x60, 0, 0], [0x60, 0, 1, 0x7f]),
    section(2, 1, text('env'), text('call'), [0, 0]),
    section(3, 3, [0, 0, 1]),
    section(5, 1, [0, 1]),
    section(7, 4, text('trap'), [0, 1], text('callOut'), [0, 2], text('answer'), [0, 3], text('memory'), [2, 0]),
    // `unreachable`; `call 0`; `i32.const 42`.
    section(10, 3, [3, 0, 0x00, 0x0b], [4, 0, 0x10, 0, 0x0b], [4, 0, 0x41, 42, 0x0b]),
  ].flat(),
);

export const module = new WebAssembly.Module(wasm);

/** Imports what nobody gives it. */
export const unlinkable = new Uint8Array(
  [HEAD, section(1, 1, [0x60, 0, 0]), section(2, 1, text('env'), text('other'), [0, 0])].flat(),
);
