//! Four chains in the lanes of vectors, and a fifth beside them in ordinary registers.

use super::chain::Chain;
use super::code::{Code, Kind, Op};
use super::scalar;
use super::steps::{in_round, role, step};

/// What each round adds to `a`: as in [`scalar`], but G is `((b ^ c) & d) ^ c`.
const FORMULAS: [&str; 4] = ["cd^b&d^+", "bc^d&c^+", "cd^b^+", "d~b|c^+"];

// Of the eight words of two vectors: the low two of each in turn, the high two, the first two of each, the last two.
const LOW: [u8; 4] = [0, 4, 1, 5];
const HIGH: [u8; 4] = [2, 6, 3, 7];
const FIRST: [u8; 4] = [0, 1, 4, 5];
const LAST: [u8; 4] = [2, 3, 6, 7];

/// Reads the 64 bytes at each of four addresses, and turns four words of one chain each into one word of four chains
/// each: sixteen of them, from `message` on.
fn read(code: &mut Code, addresses: u32, scratch: u32, message: u32) {
    for quarter in 0..4 {
        let message = message + 4 * quarter;
        for row in 0..4 {
            code.get(addresses + row).load(Kind::Vector, 16 * quarter).set(scratch + row);
        }
        // Halves of two chains each, then words of all four.
        let halves = [(0, 1, LOW, 0), (2, 3, LOW, 1), (0, 1, HIGH, 2), (2, 3, HIGH, 3)];
        for (one, other, order, to) in halves {
            code.get(scratch + one).get(scratch + other).shuffle(order).set(message + to);
        }
        let words = [(0, 1, FIRST, 0), (0, 1, LAST, 1), (2, 3, FIRST, 2), (2, 3, LAST, 3)];
        for (one, other, order, to) in words {
            code.get(message + one).get(message + other).shuffle(order).set(scratch + to);
        }
        for word in 0..4 {
            code.get(scratch + word).set(message + word);
        }
    }
}

fn write_step(code: &mut Code, lanes: &Chain, index: u32, message: u32, scratch: u32) {
    let step = step(index);
    let a = role(b'a', lanes.words, index);
    code.get(a).get(message + step.word).number_in_lanes(step.constant);
    code.op(Kind::Vector, Op::Add).op(Kind::Vector, Op::Add);
    code.formula(Kind::Vector, in_round(&FORMULAS, index), lanes.words, index);
    // Vectors have no rotation.
    code.tee(scratch).number(step.rotation).op(Kind::Vector, Op::Shl);
    code.get(scratch).number(32 - step.rotation).op(Kind::Vector, Op::Shr).op(Kind::Vector, Op::Or);
    code.formula(Kind::Vector, "b+", lanes.words, index).set(a);
}

/// `group(state, lanes, data, first, stride, steps)`
///
/// Four steps of the fifth chain stand behind each step of the lanes, so that neither waits for the other.
pub fn group(code: &mut Code) {
    let [state, lanes, data, first, stride, steps] = [0, 1, 2, 3, 4, 5];
    let chain = Chain::load(code, Kind::Word, state);
    let lanes = Chain::load(code, Kind::Vector, lanes);
    let message = code.variables(Kind::Vector, 16);
    let (addresses, scratch) = (code.variables(Kind::Word, 4), code.variables(Kind::Vector, 4));
    code.get(first);
    for lane in 0..4 {
        code.tee(addresses + lane).get(stride).op(Kind::Word, Op::Add);
    }
    // The address of a fifth lane.
    code.set(first);
    code.repeat(steps, &|code| {
        read(code, addresses, scratch, message);
        lanes.begin(code);
        for index in 0..64 {
            write_step(code, &lanes, index, message, scratch);
            let (of_block, block) = (index % 16, index / 16);
            if of_block == 0 {
                chain.begin(code);
            }
            for beside in 0..4 {
                scalar::write_step(code, &chain, 4 * of_block + beside, data, 64 * block);
            }
            if of_block == 15 {
                chain.end(code);
            }
        }
        lanes.end(code);
        (0..4).for_each(|lane| code.advance(addresses + lane, 64));
        code.advance(data, 256);
    });
    lanes.store(code);
    chain.store(code);
}
