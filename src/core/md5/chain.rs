//! One digest under way.

use super::digest::Digest;
use super::kernel::{BLOCK, Kernel, Portable, START, State};

/// A chain that has taken some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub(super) state: State,
    len: u64,
    /// The block that is not whole yet.
    rest: Vec<u8>,
}

impl Default for Chain {
    fn default() -> Chain {
        Chain { state: START, len: 0, rest: Vec::new() }
    }
}

impl Chain {
    /// Goes on from a state to which `len` bytes have led, the last of which are `rest`: those behind the last whole block.
    pub fn restore(state: State, len: u64, rest: &[u8]) -> Option<Chain> {
        (rest.len() as u64 == len % BLOCK as u64).then(|| Chain { state, len, rest: rest.to_vec() })
    }

    /// Returns how many bytes have gone in.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Tells whether no byte has gone in.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the bytes behind the last whole block.
    pub fn rest(&self) -> &[u8] {
        &self.rest
    }

    /// Takes the next bytes, of any length.
    pub fn update(&mut self, bytes: &[u8], kernel: &dyn Kernel) {
        self.len += bytes.len() as u64;
        let mut bytes = bytes;
        if !self.rest.is_empty() {
            let (head, behind) = bytes.split_at(bytes.len().min(BLOCK - self.rest.len()));
            self.rest.extend_from_slice(head);
            bytes = behind;
            if self.rest.len() < BLOCK {
                return;
            }
            kernel.chain(&mut self.state, &self.rest);
            self.rest.clear();
        }
        let (blocks, rest) = bytes.split_at(bytes.len() / BLOCK * BLOCK);
        if !blocks.is_empty() {
            kernel.chain(&mut self.state, blocks);
        }
        self.rest.extend_from_slice(rest);
    }

    /// Notes that a kernel took `len` bytes, in whole blocks, into the state.
    pub(super) fn took(&mut self, len: usize) {
        self.len += len as u64;
    }

    /// Ends it: a one, zeros, and the length in bits (RFC 1321, 3.1 and 3.2).
    pub fn finish(mut self) -> Digest {
        self.rest.push(0x80);
        let blocks = (self.rest.len() + 8).div_ceil(BLOCK);
        self.rest.resize(blocks * BLOCK - 8, 0);
        self.rest.extend_from_slice(&self.len.wrapping_mul(8).to_le_bytes());
        Portable.chain(&mut self.state, &self.rest);
        let mut digest = [0; 16];
        for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(self.state) {
            *bytes = word.to_le_bytes();
        }
        Digest(digest)
    }
}

impl Digest {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        let mut chain = Chain::default();
        chain.update(bytes, &Portable);
        chain.finish()
    }
}

// proptest is there natively only.
#[cfg(not(target_arch = "wasm32"))]
#[cfg(test)]
mod tests {
    use md5::{Digest as _, Md5};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_oracle_says_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..400), cuts: [usize; 4]) {
            let mut cuts = cuts.map(|cut| cut % (bytes.len() + 1));
            cuts.sort_unstable();
            let mut chain = Chain::default();
            let mut at = 0;
            for cut in cuts.into_iter().chain([bytes.len()]) {
                chain.update(&bytes[at..cut], &Portable);
                chain = Chain::restore(chain.state, chain.len(), chain.rest()).unwrap();
                at = cut;
            }
            prop_assert_eq!(chain.finish().0, <[u8; 16]>::from(Md5::digest(&bytes)));
        }
    }

    #[test]
    fn a_state_with_another_rest_is_refused() {
        assert!(Chain::restore(START, 65, &[1]).is_some());
        assert!(Chain::restore(START, 65, &[]).is_none());
        assert!(Chain::restore(START, 64, &[0; 64]).is_none());
    }
}
