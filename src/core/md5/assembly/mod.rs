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

mod code;
mod lanes;
mod scalar;
mod steps;

use code::{Code, I32};

/// A function: its name, how many arguments it has, and its code.
type Function = (&'static str, u32, fn(&mut Code));

const FUNCTIONS: [Function; 3] =
    [("chain", 3, scalar::chain), ("pair", 4, scalar::pair), ("group", 6, lanes::group)];

// The numbers of the sections ([WebAssembly 2.0, 5.5.2](https://www.w3.org/TR/wasm-core-2/#sections)).
const TYPES: u8 = 1;
const IMPORTS: u8 = 2;
const FUNCTION_TYPES: u8 = 3;
const EXPORTS: u8 = 7;
const CODES: u8 = 10;

/// Returns the module. It imports `env.memory`.
pub fn module() -> Vec<u8> {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    let memory = [&[1, 3][..], b"env", &[6], b"memory", &[2, 0, 0]].concat();
    section(&mut module, TYPES, |(_, arguments, _)| {
        let mut signature = vec![0x60, arguments as u8];
        signature.resize(2 + arguments as usize, I32);
        signature.push(0);
        signature
    });
    put_section(&mut module, IMPORTS, &memory);
    let mut index = 0..;
    section(&mut module, FUNCTION_TYPES, |_| index.next().into_iter().collect());
    let mut index = 0..;
    section(&mut module, EXPORTS, |(name, ..)| {
        let mut export = vec![name.len() as u8];
        export.extend(name.bytes().chain([0]).chain(index.next()));
        export
    });
    section(&mut module, CODES, |(_, arguments, write)| {
        let mut code = Code::new(arguments);
        write(&mut code);
        code.finish()
    });
    module
}

/// Writes a section that has one entry for each function.
fn section(module: &mut Vec<u8>, id: u8, mut entry: impl FnMut(Function) -> Vec<u8>) {
    let mut content = vec![FUNCTIONS.len() as u8];
    FUNCTIONS.into_iter().for_each(|function| content.extend(entry(function)));
    put_section(module, id, &content);
}

fn put_section(module: &mut Vec<u8>, id: u8, content: &[u8]) {
    module.push(id);
    code::unsigned(module, content.len() as u32);
    module.extend(content);
}
