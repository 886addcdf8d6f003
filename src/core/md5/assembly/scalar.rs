//! One chain, or two over the same words, in ordinary registers.

use super::code::{Code, I32, Op};
use super::steps::{Round, roles, step};

/// A chain's four words, in variables.
pub struct Chain {
    /// Where they are kept in memory.
    address: u32,
    words: [u32; 4],
    /// What they were when the block began.
    before: [u32; 4],
}

impl Chain {
    /// Reads a chain's words from the address in a variable.
    pub fn load(code: &mut Code, address: u32) -> Chain {
        let (words, before) = (code.variables(I32), code.variables(I32));
        for (offset, word) in (0..).step_by(4).zip(words) {
            code.get(address).load(offset).set(word);
        }
        Chain { address, words, before }
    }

    /// Writes the words back.
    pub fn store(&self, code: &mut Code) {
        for (offset, word) in (0..).step_by(4).zip(self.words) {
            code.get(self.address).get(word).store(offset);
        }
    }

    /// Begins a block.
    pub fn begin(&self, code: &mut Code) {
        for (word, before) in self.words.into_iter().zip(self.before) {
            code.get(word).set(before);
        }
    }

    /// Ends a block.
    pub fn end(&self, code: &mut Code) {
        for (word, before) in self.words.into_iter().zip(self.before) {
            code.get(word).get(before).op(Op::Add).set(word);
        }
    }

    /// Writes step `index` of the block that begins at `block` from the address `data`.
    ///
    /// The next step waits for this one's `b`, so whatever does not need it is added up before.
    pub fn step(&self, code: &mut Code, index: u32, data: u32, block: u32) {
        let step = step(index);
        let [a, b, c, d] = roles(index, self.words);
        code.get(a).get(data).load(block + 4 * step.word).number(step.constant).op(Op::Add).op(Op::Add);
        match step.round {
            // (b & c) | (!b & d)
            Round::F => code.get(c).get(d).op(Op::Xor).get(b).op(Op::And).get(d).op(Op::Xor),
            // (b & d) | (c & !d): the two have no bit in common, so they may be added one after the other.
            Round::G => {
                code.get(d).number(u32::MAX).op(Op::Xor).get(c).op(Op::And).op(Op::Add);
                code.get(d).get(b).op(Op::And)
            }
            Round::H => code.get(c).get(d).op(Op::Xor).get(b).op(Op::Xor),
            // c ^ (b | !d)
            Round::I => code.get(d).number(u32::MAX).op(Op::Xor).get(b).op(Op::Or).get(c).op(Op::Xor),
        };
        code.op(Op::Add).number(step.rotation).op(Op::Rotl).get(b).op(Op::Add).set(a);
    }
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
    let chains: Vec<Chain> = addresses.iter().map(|address| Chain::load(code, *address)).collect();
    code.repeat(blocks, |code| {
        chains.iter().for_each(|chain| chain.begin(code));
        for index in 0..64 {
            chains.iter().for_each(|chain| chain.step(code, index, data, 0));
        }
        chains.iter().for_each(|chain| chain.end(code));
        code.advance(data, 64);
    });
    chains.iter().for_each(|chain| chain.store(code));
}
