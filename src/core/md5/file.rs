//! A file's digest and its chunks', from its bytes in order.

use super::chain::Chain;
use super::digest::{Digest, Digests, list};
use super::kernel::{BLOCK, Kernel, LANES, LaneKernel, Lanes, State, lane, start_lanes};

/// A chunk size that says: no chunks, the file's digest alone.
pub const WHOLE: u64 = u64::MAX;

/// How many bytes one reads at once at best: large reads are faster, and two of these are in memory.
const UNIT: u64 = 16 << 20;
/// The largest group, so that two of them stay under 64 MiB.
const MOST: u64 = 32 << 20;

/// Returns how many bytes [`FileHasher::take`] is given at once at best, for chunks of `chunk` bytes: whole groups of
/// four, as long as two of them fit into 64 MiB.
pub fn unit(chunk: u64) -> u64 {
    match group_len(chunk) {
        Some(group) => UNIT / group * group + if group > UNIT { group } else { 0 },
        None => UNIT,
    }
}

/// Returns the length of four chunks, if they can be hashed at once.
fn group_len(chunk: u64) -> Option<u64> {
    let group = chunk.checked_mul(LANES as u64)?;
    (chunk > 0 && chunk.is_multiple_of(BLOCK as u64) && group <= MOST).then_some(group)
}

/// Takes a file's bytes once, in order, and yields its digest and its chunks'.
#[derive(Debug, Clone)]
pub struct FileHasher {
    chunk: u64,
    file: Chain,
    /// The chunk that is begun.
    current: Chain,
    /// Four chunks that are begun together.
    group: Option<Group>,
    done: Vec<Digest>,
    repeats: bool,
}

#[derive(Debug, Clone)]
struct Group {
    lanes: Lanes,
    /// Blocks taken of each of the four.
    steps: usize,
}

impl FileHasher {
    /// Starts a file that is cut into chunks of `chunk` bytes (at least 1), or into none ([`WHOLE`]).
    pub fn new(chunk: u64) -> FileHasher {
        let (file, current) = (Chain::default(), Chain::default());
        FileHasher { chunk: chunk.max(1), file, current, group: None, done: Vec::new(), repeats: false }
    }

    /// Tells whether two of the chunks that are done are the same.
    pub fn repeats(&self) -> bool {
        self.repeats
    }

    fn push(&mut self, digest: Digest) {
        self.repeats = self.repeats || self.done.contains(&digest);
        self.done.push(digest);
    }

    /// Returns how many bytes have gone in.
    pub fn position(&self) -> u64 {
        self.file.len()
    }

    /// Takes about `most` of `bytes` from `from` on, and returns how many it took. Call it again with the same bytes until
    /// they are used up: four whole chunks that lie in them are hashed at once.
    pub fn take(&mut self, bytes: &[u8], from: usize, most: usize, kernel: &dyn Kernel) -> usize {
        if let Some(lanes) = kernel.lanes()
            && let Some(group) = self.group_at(bytes, from)
        {
            return self.take_group(group, most, lanes);
        }
        let rest = bytes.get(from..).unwrap_or_default();
        let part = rest.get(..most.max(1)).unwrap_or(rest);
        self.update(part, kernel);
        part.len()
    }

    /// Returns the bytes of the four chunks that are begun, or could be, at `from`.
    fn group_at<'a>(&self, bytes: &'a [u8], from: usize) -> Option<&'a [u8]> {
        let begun = self.group.as_ref().map(|group| LANES * BLOCK * group.steps);
        if begun.is_none() && !self.current.is_empty() {
            return None;
        }
        let start = from.checked_sub(begun.unwrap_or(0))?;
        bytes.get(start..start.checked_add(usize::try_from(group_len(self.chunk)?).ok()?)?)
    }

    fn take_group(&mut self, bytes: &[u8], most: usize, kernel: &dyn LaneKernel) -> usize {
        let group = self.group.get_or_insert_with(|| Group { lanes: start_lanes(), steps: 0 });
        let chunk = bytes.len() / LANES;
        let left = (chunk / BLOCK).saturating_sub(group.steps);
        let steps = (most / (LANES * BLOCK)).clamp(1, left.max(1));
        kernel.group(&mut self.file.state, &mut group.lanes, bytes, group.steps, steps);
        group.steps += steps;
        let taken = LANES * BLOCK * steps;
        self.file.took(taken);
        if steps >= left {
            let lanes = group.lanes;
            let ends = (0..LANES).filter_map(|index| Chain::restore(lane(&lanes, index), chunk as u64, &[]));
            for end in ends {
                self.push(end.finish());
            }
            self.group = None;
        }
        taken
    }

    /// Takes the next bytes, of any length; not while four chunks are begun.
    pub fn update(&mut self, bytes: &[u8], kernel: &dyn Kernel) {
        if self.chunk == WHOLE {
            return self.file.update(bytes, kernel);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let left = usize::try_from(self.chunk - self.current.len()).unwrap_or(usize::MAX);
            let (part, behind) = rest.split_at(rest.len().min(left));
            self.update_both(part, kernel);
            if self.current.len() == self.chunk {
                let digest = std::mem::take(&mut self.current).finish();
                self.push(digest);
            }
            rest = behind;
        }
    }

    /// Takes bytes of one chunk.
    fn update_both(&mut self, bytes: &[u8], kernel: &dyn Kernel) {
        let mut rest = bytes;
        if self.file.rest().is_empty() && self.current.rest().is_empty() {
            let (blocks, behind) = bytes.split_at(bytes.len() / BLOCK * BLOCK);
            if !blocks.is_empty() {
                kernel.pair(&mut self.file.state, &mut self.current.state, blocks);
                self.file.took(blocks.len());
                self.current.took(blocks.len());
            }
            rest = behind;
        }
        self.file.update(rest, kernel);
        self.current.update(rest, kernel);
    }

    /// Ends the file.
    pub fn finish(mut self) -> Digests {
        if !self.current.is_empty() {
            self.done.push(self.current.finish());
        }
        Digests { file: self.file.finish(), chunks: self.done }
    }

    /// Saves the state: everything needed to go on later without the bytes that went in. Nothing while four chunks are
    /// begun, which the ends of their group are free of.
    pub fn snapshot(&self) -> Option<Snapshot> {
        let (file, current) = (self.file.clone(), self.current.clone());
        self.group.is_none().then(|| Snapshot { chunk: self.chunk, file, current, done: self.done.clone() })
    }

    /// Goes on from a saved state.
    pub fn restore(snapshot: Snapshot) -> FileHasher {
        let Snapshot { chunk, file, current, done } = snapshot;
        let repeats = (1..done.len())
            .any(|at| done.get(at).is_some_and(|one| done.iter().take(at).any(|other| other == one)));
        FileHasher { chunk, file, current, group: None, done, repeats }
    }
}

/// A saved [`FileHasher`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    chunk: u64,
    file: Chain,
    current: Chain,
    done: Vec<Digest>,
}

impl Snapshot {
    /// Returns the chunk size in bytes.
    pub fn chunk(&self) -> u64 {
        self.chunk
    }

    /// Returns how many bytes had gone in.
    pub fn position(&self) -> u64 {
        self.file.len()
    }

    /// Returns the digests of the chunks that were done.
    pub fn done(&self) -> &[Digest] {
        &self.done
    }

    /// Writes it as bytes: the chunk size and the position, 8 each, little-endian; the two states, 16 each; the bytes
    /// behind the last whole block of each; the digests of the chunks that were done.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.chunk.to_le_bytes().to_vec();
        bytes.extend_from_slice(&self.file.len().to_le_bytes());
        for word in [self.file.state, self.current.state].as_flattened() {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(self.file.rest());
        bytes.extend_from_slice(self.current.rest());
        for digest in &self.done {
            bytes.extend_from_slice(&digest.0);
        }
        bytes
    }

    /// Reads what [`Snapshot::to_bytes`] wrote; nothing if it contradicts itself.
    pub fn from_bytes(bytes: &[u8]) -> Option<Snapshot> {
        let (chunk, bytes) = bytes.split_first_chunk()?;
        let (at, bytes) = bytes.split_first_chunk()?;
        let (chunk, at) = (u64::from_le_bytes(*chunk), u64::from_le_bytes(*at));
        let (file, bytes) = state(bytes)?;
        let (current, bytes) = state(bytes)?;
        let begun = if chunk == WHOLE { 0 } else { at.checked_rem(chunk)? };
        let (file_rest, bytes) = bytes.split_at_checked((at % BLOCK as u64) as usize)?;
        let (current_rest, bytes) = bytes.split_at_checked((begun % BLOCK as u64) as usize)?;
        let file = Chain::restore(file, at, file_rest)?;
        let current = Chain::restore(current, begun, current_rest)?;
        let done = list(bytes)?;
        (done.len() as u64 == at / chunk).then_some(Snapshot { chunk, file, current, done })
    }
}

fn state(bytes: &[u8]) -> Option<(State, &[u8])> {
    let (words, rest) = bytes.split_first_chunk::<16>()?;
    let mut state = State::default();
    for (word, bytes) in state.iter_mut().zip(words.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    Some((state, rest))
}

// proptest is there natively only.
#[cfg(not(target_arch = "wasm32"))]
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::kernel::Portable;
    use super::*;

    /// The md-5 crate with lanes, so that they are used natively too; counts the bytes that go through them.
    #[derive(Default)]
    struct InLanes(std::cell::Cell<usize>);

    impl Kernel for InLanes {
        fn chain(&self, state: &mut State, bytes: &[u8]) {
            Portable.chain(state, bytes);
        }
        fn pair(&self, one: &mut State, other: &mut State, bytes: &[u8]) {
            Portable.pair(one, other, bytes);
        }
        fn lanes(&self) -> Option<&dyn LaneKernel> {
            Some(self)
        }
    }

    impl LaneKernel for InLanes {
        fn group(&self, state: &mut State, lanes: &mut Lanes, group: &[u8], done: usize, steps: usize) {
            Portable.chain(state, &group[LANES * BLOCK * done..][..LANES * BLOCK * steps]);
            for (index, chunk) in group.chunks(group.len() / LANES).enumerate() {
                let mut words = lane(lanes, index);
                Portable.chain(&mut words, &chunk[BLOCK * done..][..BLOCK * steps]);
                words.into_iter().enumerate().for_each(|(at, word)| lanes[LANES * at + index] = word);
            }
            self.0.set(self.0.get() + LANES * BLOCK * steps);
        }
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 31 + i / 251) as u8).collect()
    }

    fn expected(data: &[u8], chunk: u64) -> Digests {
        let chunks = match chunk {
            WHOLE => vec![],
            chunk => data.chunks(chunk as usize).map(Digest::of).collect(),
        };
        Digests { file: Digest::of(data), chunks }
    }

    /// Hashes `data` in units of `unit` bytes, each in parts of `most`.
    fn in_units(
        mut hasher: FileHasher,
        data: &[u8],
        unit: usize,
        most: usize,
        kernel: &dyn Kernel,
    ) -> Digests {
        let start = hasher.position() as usize;
        for unit in data[start..].chunks(unit) {
            let mut at = 0;
            while at < unit.len() {
                at += hasher.take(unit, at, most, kernel);
            }
            assert_eq!(at, unit.len());
        }
        assert_eq!(hasher.position(), data.len() as u64);
        hasher.finish()
    }

    proptest! {
        #[test]
        fn both_digests_however_it_is_cut_and_fed(
            len in 0usize..20_000,
            chunk in prop_oneof![1u64..300, (1u64..40).prop_map(|blocks| 64 * blocks), Just(20_001), Just(WHOLE)],
            unit in 1usize..25_000,
            most in 1usize..9_000,
            lanes: bool,
        ) {
            let data = bytes(len);
            let kernel: &dyn Kernel = if lanes { &InLanes::default() } else { &Portable };
            let digests = in_units(FileHasher::new(chunk), &data, unit, most, kernel);
            prop_assert_eq!(digests, expected(&data, chunk));
        }

        #[test]
        fn goes_on_from_any_snapshot(
            len in 0usize..9_000,
            cut in 0usize..9_000,
            chunk in prop_oneof![1u64..300, (1u64..20).prop_map(|blocks| 64 * blocks), Just(WHOLE)],
        ) {
            let data = bytes(len);
            let cut = cut.min(len);
            let mut first = FileHasher::new(chunk);
            first.update(&data[..cut], &Portable);
            let saved = first.snapshot().unwrap();
            let read = Snapshot::from_bytes(&saved.to_bytes());
            prop_assert_eq!(read.as_ref(), Some(&saved));
            prop_assert_eq!((saved.chunk(), saved.position()), (chunk, cut as u64));
            let second = FileHasher::restore(saved);
            prop_assert_eq!(in_units(second, &data, 2048, 700, &InLanes::default()), expected(&data, chunk));
        }
    }

    #[test]
    fn lanes_are_used_where_four_chunks_lie_together() {
        let kernel = InLanes::default();
        let data = bytes(64 * 10 * 11 + 5);
        assert_eq!(in_units(FileHasher::new(640), &data, 5120, 1000, &kernel), expected(&data, 640));
        // Two groups of the first unit; the second unit has three chunks and a bit.
        assert_eq!(kernel.0.get(), 5120);
    }

    #[test]
    fn a_group_is_no_place_for_a_snapshot() {
        let data = bytes(1024);
        let mut hasher = FileHasher::new(128);
        assert_eq!(hasher.take(&data, 0, 300, &InLanes::default()), 256);
        assert!(hasher.snapshot().is_none());
        assert_eq!(hasher.take(&data, 256, 300, &InLanes::default()), 256);
        assert!(hasher.snapshot().is_some_and(|snapshot| snapshot.done().len() == 4));
    }

    #[test]
    fn a_damaged_snapshot_is_refused() {
        let mut hasher = FileHasher::new(100);
        hasher.update(&bytes(350), &Portable);
        let good = hasher.snapshot().unwrap().to_bytes();
        assert!(Snapshot::from_bytes(&good).is_some());
        assert!(Snapshot::from_bytes(&good[..good.len() - 1]).is_none());
        assert!(Snapshot::from_bytes(&good[..20]).is_none());
        // Another chunk size, none, and another position: the lengths no longer fit.
        for (at, byte) in [(0, 99), (0, 0), (8, 0xff)] {
            let mut bad = good.clone();
            bad[at] = byte;
            assert!(Snapshot::from_bytes(&bad).is_none(), "byte {at}");
        }
    }

    #[test]
    fn two_units_fit_into_64_mib() {
        const MIB: u64 = 1 << 20;
        for (chunk, expected) in [
            (4 * MIB, 16 * MIB),
            (5 * MIB, 20 * MIB),
            (8 * MIB, 32 * MIB),
            (9 * MIB, 16 * MIB),
            (64 * MIB, 16 * MIB),
            (MIB, 16 * MIB),
            (3 * MIB, 12 * MIB),
            (100, 16 * MIB),
            (WHOLE, 16 * MIB),
        ] {
            assert_eq!(unit(chunk), expected, "{chunk}");
        }
    }
}
