//! Writes the WebAssembly module that the digests run in: instructions, in the order in which a processor should meet
//! them.
//!
//! MD5 is one long chain of dependent steps, so its speed is the length of that chain in cycles, and a processor has
//! room for other work beside it. A compiler gives that away: LLVM puts the additions in an order of its own, which
//! brings the chain's latest value in too early (docs/decisions/015). Engines keep the order of a module's instructions.
//!
//! The module has no state and no memory of its own: it works in the one that it imports, where its caller has put things.
//!
//! | export | works on |
//! | --- | --- |
//! | `chain(state, data, blocks)` | one chain over `blocks` blocks |
//! | `pair(one, other, data, blocks)` | two chains over the same blocks: a file's and its chunk's |
//! | `group(state, lanes, data, first, stride, steps)` | one chain over `4 * steps` blocks from `data` on, and four over `steps` blocks each, which begin at `first` and `stride` bytes apart |
//!
//! States and lanes are those of [`super::State`] and [`super::Lanes`]. Every argument is an address or a count of 32 bits;
//! blocks of 64 bytes may lie anywhere.

mod chain;
mod code;
mod lanes;
mod scalar;
pub(super) mod steps;

use code::{Code, with_length};

/// Everything before the code.
#[rustfmt::skip]
const HEAD: &[u8] = &[
    b'\0', b'a', b's', b'm', 1, 0, 0, 0,
    // The types of three functions with three, four and six arguments of 32 bits, and no result.
    1, 23, 3,
    0x60, 3, 0x7f, 0x7f, 0x7f, 0,
    0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 0,
    0x60, 6, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0,
    // The import `env.memory`, of whatever size.
    2, 15, 1,
    3, b'e', b'n', b'v', 6, b'm', b'e', b'm', b'o', b'r', b'y', 2, 0, 0,
    // Which function has which type.
    3, 4, 3, 0, 1, 2,
    // Their names.
    7, 24, 3,
    5, b'c', b'h', b'a', b'i', b'n', 0, 0,
    4, b'p', b'a', b'i', b'r', 0, 1,
    5, b'g', b'r', b'o', b'u', b'p', 0, 2,
];

/// The number of the section that has the code.
const CODES: u8 = 10;

/// A function: how many arguments it has, and what writes its code.
type Function = (u32, fn(&mut Code));

const CHAIN: Function = (3, scalar::chain);
const PAIR: Function = (4, scalar::pair);

/// Returns the module. It imports `env.memory`.
pub fn module() -> Vec<u8> {
    write([CHAIN, PAIR, (6, lanes::group)])
}

/// Returns the module for browsers that have no vectors: its `group` does nothing.
pub fn module_without_vectors() -> Vec<u8> {
    write([CHAIN, PAIR, (6, |_| ())])
}

fn write(functions: [Function; 3]) -> Vec<u8> {
    let mut codes = vec![functions.len() as u8];
    for (arguments, write) in functions {
        let mut code = Code::new(arguments);
        write(&mut code);
        codes.extend_from_slice(&code.finish());
    }
    let mut module = HEAD.to_vec();
    module.push(CODES);
    module.extend_from_slice(&with_length(&codes));
    module
}
