//! MD5 as RFC 1321 writes it: a sixth of the md-5 crate's code, and slow. Wasm has it, for what is left when all whole
//! blocks are in, and for browsers that can't run the digests' module.

use super::assembly::steps::step;
use super::kernel::{BLOCK, State};

/// Takes blocks into a state (RFC 1321, 3.4).
pub fn compress(state: &mut State, blocks: &[[u8; BLOCK]]) {
    for block in blocks {
        let (words, _) = block.as_chunks();
        let [mut a, mut b, mut c, mut d] = *state;
        for index in 0..64 {
            let step = step(index);
            let mixed = match index / 16 {
                0 => (b & c) | (!b & d),
                1 => (b & d) | (c & !d),
                2 => b ^ c ^ d,
                _ => c ^ (b | !d),
            };
            let word = words.get(step.word as usize).map_or(0, |word| u32::from_le_bytes(*word));
            let sum = a.wrapping_add(mixed).wrapping_add(word).wrapping_add(step.constant);
            (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(step.rotation)));
        }
        for (word, more) in state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(more);
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_oracle_says_the_same(state: [u32; 4], blocks: [[[u8; 32]; 2]; 3]) {
            let blocks = blocks.map(|block| std::array::from_fn(|at| block[at / 32][at % 32]));
            let (mut plain, mut oracle) = (state, state);
            super::compress(&mut plain, &blocks);
            md5::block_api::compress(&mut oracle, &blocks);
            prop_assert_eq!(plain, oracle);
        }
    }
}
