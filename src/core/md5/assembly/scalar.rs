//! One chain, or two over the same words, in ordinary registers.

use super::chain::Chain;
use super::code::{Code, Kind, Op};
use super::steps::{in_round, role, step};

/// What each round adds to `a`.
const FORMULAS: [&str; 4] = [
    // (b & c) | (!b & d)
    "cd^b&d^+",
    // (b & d) | (c & !d): the two have no bit in common, so they may be added one after the other.
    "d~c&+db&+",
    "cd^b^+",
    // c ^ (b | !d)
    "d~b|c^+",
];

/// Writes step `index` of the block that begins at `block` from the address `data`.
///
/// The next step waits for this one's `b`, so whatever does not need it is added up before.
pub fn write_step(code: &mut Code, chain: &Chain, index: u32, data: u32, block: u32) {
    let step = step(index);
    let a = role(b'a', chain.words, index);
    code.get(a).get(data).load(Kind::Word, block + 4 * step.word).number(step.constant);
    code.op(Kind::Word, Op::Add).op(Kind::Word, Op::Add);
    code.formula(Kind::Word, in_round(&FORMULAS, index), chain.words, index);
    code.number(step.rotation).op(Kind::Word, Op::Rotl);
    code.formula(Kind::Word, "b+", chain.words, index).set(a);
}

/// `chain(state, data, blocks)`
pub fn chain(code: &mut Code) {
    let [state, data, blocks] = [0, 1, 2];
    chains(code, &[state], data, blocks);
}

/// `pair(one, other, data, blocks)`
pub fn pair(code: &mut Code) {
    let [one, other, data, blocks] = [0, 1, 2, 3];
    chains(code, &[one, other], data, blocks);
}

fn chains(code: &mut Code, addresses: &[u32], data: u32, blocks: u32) {
    let mut chains = Vec::new();
    for address in addresses {
        chains.push(Chain::load(code, Kind::Word, *address));
    }
    code.repeat(blocks, &|code| {
        chains.iter().for_each(|chain| chain.begin(code));
        for index in 0..64 {
            chains.iter().for_each(|chain| write_step(code, chain, index, data, 0));
        }
        chains.iter().for_each(|chain| chain.end(code));
        code.advance(data, 64);
    });
    chains.iter().for_each(|chain| chain.store(code));
}
