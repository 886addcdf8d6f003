//! What does the work: many blocks at once, for one chain or for several over the same bytes.

use md5::block_api::compress;

/// The four words of a chain (RFC 1321, 3.3).
pub type State = [u32; 4];
/// The words of four chains: their first ones, their second ones, and so on.
pub type Lanes = [u32; 16];

/// A state before the first block.
pub const START: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
/// Bytes of a block.
pub const BLOCK: usize = 64;
/// How many chunks a group has: one for each lane.
pub const LANES: usize = 4;
/// How many bytes go to one chain before the other gets them, so that they are still in the L1 cache.
const STRIPE: usize = 16 * 1024;

/// Something that takes blocks. Bytes behind the last whole block are left alone.
pub trait Kernel {
    /// Takes `bytes` into one chain.
    fn chain(&self, state: &mut State, bytes: &[u8]);

    /// Takes the same `bytes` into two chains.
    fn pair(&self, one: &mut State, other: &mut State, bytes: &[u8]);

    /// Returns the way to take four chunks at once, if there is one that is faster than one after the other.
    fn lanes(&self) -> Option<&dyn LaneKernel>;
}

/// Something that takes blocks of four chunks at once, and of the file that they are part of.
pub trait LaneKernel {
    /// Takes `steps` more blocks of each of the four chunks that make up `group`, of which `done` were taken before, into
    /// `lanes`; and the four times as many next blocks of the group into `state`.
    fn group(&self, state: &mut State, lanes: &mut Lanes, group: &[u8], done: usize, steps: usize);
}

/// The md-5 crate: for what is too little for anything else, for browsers that can't run the module, and to compare with.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

impl Kernel for Portable {
    fn chain(&self, state: &mut State, bytes: &[u8]) {
        compress(state, bytes.as_chunks::<BLOCK>().0);
    }

    fn pair(&self, one: &mut State, other: &mut State, bytes: &[u8]) {
        for stripe in bytes.chunks(STRIPE) {
            self.chain(one, stripe);
            self.chain(other, stripe);
        }
    }

    fn lanes(&self) -> Option<&dyn LaneKernel> {
        None
    }
}

/// Returns the words of one of the four chains.
pub fn lane(lanes: &Lanes, index: usize) -> State {
    let mut state = State::default();
    for (word, of_lanes) in state.iter_mut().zip(lanes.chunks(LANES)) {
        *word = of_lanes.get(index).copied().unwrap_or_default();
    }
    state
}

/// Returns four chains before their first blocks.
pub fn start_lanes() -> Lanes {
    let mut lanes = Lanes::default();
    for (of_lanes, word) in lanes.chunks_mut(LANES).zip(START) {
        of_lanes.fill(word);
    }
    lanes
}
