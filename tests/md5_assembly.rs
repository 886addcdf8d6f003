//! The module that the digests run in, function by function against the md-5 crate, in an interpreter.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use md5::block_api::compress;
use proptest::prelude::*;
use wasmi::{Config, Engine, Instance, Linker, Memory, MemoryType, Module, Store};
use xuchuan::core::md5::assembly;

const STATES: usize = 16;
const DATA: usize = 1024;
const PAGES: u32 = 4;
/// Random bytes from here to the end of the memory.
const ROOM: usize = PAGES as usize * 65536 - DATA;

struct Kernel {
    store: Store<()>,
    memory: Memory,
    instance: Instance,
}

impl Kernel {
    fn new(bytes: &[u8]) -> Kernel {
        Kernel::of(&Engine::default(), assembly::module(), bytes)
    }

    fn of(engine: &Engine, module: Vec<u8>, bytes: &[u8]) -> Kernel {
        let module = Module::new(engine, module).unwrap();
        let mut store = Store::new(engine, ());
        let memory = Memory::new(&mut store, MemoryType::new(PAGES, None)).unwrap();
        let mut linker = Linker::new(engine);
        linker.define("env", "memory", memory).unwrap();
        let instance = linker.instantiate_and_start(&mut store, &module).unwrap();
        memory.write(&mut store, DATA, bytes).unwrap();
        Kernel { store, memory, instance }
    }

    fn write(&mut self, at: usize, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.memory.write(&mut self.store, at, &bytes).unwrap();
    }

    fn read<const N: usize>(&self, at: usize) -> [u32; N] {
        let mut bytes = vec![0; 4 * N];
        self.memory.read(&self.store, at, &mut bytes).unwrap();
        std::array::from_fn(|i| u32::from_le_bytes(bytes[4 * i..4 * i + 4].try_into().unwrap()))
    }

    fn all(&self) -> Vec<u8> {
        self.memory.data(&self.store).to_vec()
    }

    fn call(&mut self, name: &str, arguments: &[usize]) {
        let function = self.instance.get_func(&self.store, name).unwrap();
        let arguments: Vec<_> = arguments.iter().map(|&value| wasmi::Val::I32(value as i32)).collect();
        function.call(&mut self.store, &arguments, &mut []).unwrap();
    }
}

/// The state after `blocks` blocks of `bytes` from `at` on.
fn oracle(mut state: [u32; 4], bytes: &[u8], at: usize, blocks: usize) -> [u32; 4] {
    bytes[at - DATA..][..64 * blocks]
        .chunks_exact(64)
        .for_each(|block| compress(&mut state, &[block.try_into().unwrap()]));
    state
}

fn bytes() -> Vec<u8> {
    let mut word = 1u32;
    let next = |_| {
        word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (word >> 24) as u8
    };
    (0..ROOM).map(next).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_chain(state: [u32; 4], at in DATA..DATA + 300, blocks in 0usize..40) {
        let bytes = bytes();
        let mut kernel = Kernel::new(&bytes);
        kernel.write(STATES, &state);
        kernel.call("chain", &[STATES, at, blocks]);
        prop_assert_eq!(kernel.read(STATES), oracle(state, &bytes, at, blocks));
    }

    #[test]
    fn two_chains(states: [[u32; 4]; 2], at in DATA..DATA + 300, blocks in 0usize..40) {
        let bytes = bytes();
        let mut kernel = Kernel::new(&bytes);
        // Not behind one another, and not on a multiple of their size.
        let places = [STATES + 4, STATES + 44];
        places.iter().zip(&states).for_each(|(&place, state)| kernel.write(place, state));
        kernel.call("pair", &[places[0], places[1], at, blocks]);
        for (place, state) in places.into_iter().zip(states) {
            prop_assert_eq!(kernel.read(place), oracle(state, &bytes, at, blocks));
        }
    }

    #[test]
    fn four_chains_and_a_fifth(
        state: [u32; 4],
        lanes: [[u32; 4]; 4],
        data in DATA..DATA + 300,
        first in DATA..DATA + 300,
        stride in 64usize..20_000,
        steps in 0usize..20,
    ) {
        let bytes = bytes();
        let mut kernel = Kernel::new(&bytes);
        let words: Vec<u32> = (0..4).flat_map(|word| lanes.map(|lane| lane[word])).collect();
        let (of_chain, of_lanes) = (STATES + 4, STATES + 60);
        kernel.write(of_chain, &state);
        kernel.write(of_lanes, &words);
        kernel.call("group", &[of_chain, of_lanes, data, first, stride, steps]);
        prop_assert_eq!(kernel.read(of_chain), oracle(state, &bytes, data, 4 * steps));
        let after: [u32; 16] = kernel.read(of_lanes);
        for (index, lane) in lanes.into_iter().enumerate() {
            let expected = oracle(lane, &bytes, first + index * stride, steps);
            prop_assert_eq!(std::array::from_fn(|word| after[4 * word + index]), expected);
        }
    }
}

#[test]
fn without_vectors_one_and_two_chains_are_left() {
    let mut config = Config::default();
    config.wasm_simd(false);
    let engine = Engine::new(&config);
    assert!(Module::new(&engine, assembly::module()).is_err());
    let bytes = bytes();
    let mut kernel = Kernel::of(&engine, assembly::module_without_vectors(), &bytes);
    let states = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]];
    let places = [0, 16, 32].map(|behind| STATES + behind);
    places.iter().zip(&states).for_each(|(&place, state)| kernel.write(place, state));
    kernel.call("chain", &[places[0], DATA, 30]);
    kernel.call("pair", &[places[1], places[2], DATA, 30]);
    for (place, state) in places.into_iter().zip(states) {
        assert_eq!(kernel.read(place), oracle(state, &bytes, DATA, 30));
    }
}

#[test]
fn nothing_else_is_written() {
    let mut kernel = Kernel::new(&bytes());
    let before = kernel.all();
    kernel.call("group", &[100, 200, DATA, DATA, 4096, 16]);
    let after = kernel.all();
    let changed: Vec<usize> = (0..before.len()).filter(|&i| before[i] != after[i]).collect();
    assert!(changed.iter().all(|i| (100..116).contains(i) || (200..264).contains(i)), "{changed:?}");
}
