//! Four chains in the lanes of vectors, and a fifth beside them in ordinary registers.

use super::code::{Code, I32, Op, V128, VectorOp};
use super::scalar::Chain;
use super::steps::{Round, roles, step};

// Of the eight words of two vectors: the low two of each in turn, the high two, the first two of each, the last two.
const LOW: [u8; 4] = [0, 4, 1, 5];
const HIGH: [u8; 4] = [2, 6, 3, 7];
const FIRST: [u8; 4] = [0, 1, 4, 5];
const LAST: [u8; 4] = [2, 3, 6, 7];

/// The four words of four chains.
struct Lanes {
    address: u32,
    words: [u32; 4],
    /// What they were when the block began.
    before: [u32; 4],
    /// The sixteen words of a block, each for all four chains.
    message: [[u32; 4]; 4],
}

impl Lanes {
    fn load(code: &mut Code, address: u32) -> Lanes {
        let (words, before) = (code.variables(V128), code.variables(V128));
        let message = [(); 4].map(|()| code.variables(V128));
        for (offset, word) in (0..).step_by(16).zip(words) {
            code.get(address).load_vector(offset).set(word);
        }
        Lanes { address, words, before, message }
    }

    fn store(&self, code: &mut Code) {
        for (offset, word) in (0..).step_by(16).zip(self.words) {
            code.get(self.address).get(word).store_vector(offset);
        }
    }

    /// Begins a block: reads the 64 bytes at each of four addresses, and turns four words of one chain each into one word
    /// of four chains each.
    fn begin(&self, code: &mut Code, addresses: [u32; 4], scratch: [u32; 4]) {
        for (offset, [m0, m1, m2, m3]) in (0..).step_by(16).zip(self.message) {
            let [w0, w1, w2, w3] = scratch;
            for (address, row) in addresses.into_iter().zip(scratch) {
                code.get(address).load_vector(offset).set(row);
            }
            // Halves of two chains each, then words of all four.
            for (one, other, order, to) in
                [(w0, w1, LOW, m0), (w2, w3, LOW, m1), (w0, w1, HIGH, m2), (w2, w3, HIGH, m3)]
            {
                code.get(one).get(other).shuffle(order).set(to);
            }
            for (one, other, order, to) in
                [(m0, m1, FIRST, w0), (m0, m1, LAST, w1), (m2, m3, FIRST, w2), (m2, m3, LAST, w3)]
            {
                code.get(one).get(other).shuffle(order).set(to);
            }
            for (from, to) in scratch.into_iter().zip([m0, m1, m2, m3]) {
                code.get(from).set(to);
            }
        }
        for (word, before) in self.words.into_iter().zip(self.before) {
            code.get(word).set(before);
        }
    }

    fn end(&self, code: &mut Code) {
        for (word, before) in self.words.into_iter().zip(self.before) {
            code.get(word).get(before).vector_op(VectorOp::Add).set(word);
        }
    }

    fn step(&self, code: &mut Code, index: u32, scratch: u32) {
        use VectorOp::{Add, And, Not, Or, Shl, Shr, Xor};
        let step = step(index);
        let [a, b, c, d] = roles(index, self.words);
        let word = self.message.as_flattened().get(step.word as usize).copied().unwrap_or_default();
        code.get(a).get(word).number_in_lanes(step.constant).vector_op(Add).vector_op(Add);
        match step.round {
            Round::F => code.get(c).get(d).vector_op(Xor).get(b).vector_op(And).get(d).vector_op(Xor),
            Round::G => code.get(b).get(c).vector_op(Xor).get(d).vector_op(And).get(c).vector_op(Xor),
            Round::H => code.get(c).get(d).vector_op(Xor).get(b).vector_op(Xor),
            Round::I => code.get(d).vector_op(Not).get(b).vector_op(Or).get(c).vector_op(Xor),
        };
        // Vectors have no rotation.
        code.vector_op(Add).tee(scratch).number(step.rotation).vector_op(Shl);
        code.get(scratch).number(32 - step.rotation).vector_op(Shr).vector_op(Or);
        code.get(b).vector_op(Add).set(a);
    }
}

/// `group(state, lanes, data, first, stride, steps)`
///
/// Four steps of the fifth chain stand behind each step of the lanes, so that neither waits for the other.
pub fn group(code: &mut Code) {
    let [state, lanes, data, first, stride, steps] = [0, 1, 2, 3, 4, 5];
    let chain = Chain::load(code, state);
    let lanes = Lanes::load(code, lanes);
    let (addresses, scratch): (_, [u32; 4]) = (code.variables(I32), code.variables(V128));
    let [temporary, ..] = scratch;
    code.get(first);
    for address in addresses {
        code.tee(address).get(stride).op(Op::Add);
    }
    // The address of a fifth lane.
    code.set(first);
    code.repeat(steps, |code| {
        lanes.begin(code, addresses, scratch);
        for index in 0..64 {
            lanes.step(code, index, temporary);
            let (of_block, block) = (index % 16, index / 16);
            if of_block == 0 {
                chain.begin(code);
            }
            for beside in 0..4 {
                chain.step(code, 4 * of_block + beside, data, 64 * block);
            }
            if of_block == 15 {
                chain.end(code);
            }
        }
        lanes.end(code);
        addresses.into_iter().for_each(|address| code.advance(address, 64));
        code.advance(data, 256);
    });
    lanes.store(code);
    chain.store(code);
}
