//! What the kernel is compared with, behind the C ABI, as simply as it can be called from JavaScript: the md-5 crate's
//! compression function, and the kernel's own steps in plain Rust.

/// Takes `blocks` blocks from `data` on into a chain.
///
/// # Safety
///
/// `state` is the address of four words, `data` that of 64 times `blocks` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chain(state: *mut [u32; 4], data: *const [u8; 64], blocks: usize) {
    // SAFETY: as the caller promises.
    unsafe { md5::block_api::compress(&mut *state, std::slice::from_raw_parts(data, blocks)) }
}

/// The same, with the kernel's order of operations in plain Rust, and the constants in it.
///
/// # Safety
///
/// As [`chain`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plain(state: *mut [u32; 4], data: *const [u8; 64], blocks: usize) {
    // SAFETY: as the caller promises.
    unsafe { compress(&mut *state, std::slice::from_raw_parts(data, blocks), &CONSTANTS) }
}

/// The same again, with the constants where LLVM can't see them, so that it can't put them elsewhere.
///
/// # Safety
///
/// As [`chain`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn opaque(state: *mut [u32; 4], data: *const [u8; 64], blocks: usize) {
    let constants = std::hint::black_box(&CONSTANTS);
    // SAFETY: as the caller promises.
    unsafe { compress(&mut *state, std::slice::from_raw_parts(data, blocks), constants) }
}

/// 2^32 times the sine of 1 to 64 in radians, without its sign.
const CONSTANTS: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

/// Four steps of a round, whose function `$f` is given what is added up before it.
macro_rules! four {
    ($f:ident, $state:ident, $words:ident, $k:ident, $at:expr, [$w0:expr, $w1:expr, $w2:expr, $w3:expr], [$r0:expr, $r1:expr, $r2:expr, $r3:expr]) => {
        let [a, b, c, d] = &mut $state;
        *a = $f(*a, *b, *c, *d, $words[$w0].wrapping_add($k[$at]), $r0);
        *d = $f(*d, *a, *b, *c, $words[$w1].wrapping_add($k[$at + 1]), $r1);
        *c = $f(*c, *d, *a, *b, $words[$w2].wrapping_add($k[$at + 2]), $r2);
        *b = $f(*b, *c, *d, *a, $words[$w3].wrapping_add($k[$at + 3]), $r3);
    };
}

#[inline(always)]
fn f(a: u32, b: u32, c: u32, d: u32, early: u32, rotation: u32) -> u32 {
    a.wrapping_add(early).wrapping_add(((c ^ d) & b) ^ d).rotate_left(rotation).wrapping_add(b)
}

#[inline(always)]
fn g(a: u32, b: u32, c: u32, d: u32, early: u32, rotation: u32) -> u32 {
    a.wrapping_add(early).wrapping_add(!d & c).wrapping_add(d & b).rotate_left(rotation).wrapping_add(b)
}

#[inline(always)]
fn h(a: u32, b: u32, c: u32, d: u32, early: u32, rotation: u32) -> u32 {
    a.wrapping_add(early).wrapping_add(c ^ d ^ b).rotate_left(rotation).wrapping_add(b)
}

#[inline(always)]
fn i(a: u32, b: u32, c: u32, d: u32, early: u32, rotation: u32) -> u32 {
    a.wrapping_add(early).wrapping_add((!d | b) ^ c).rotate_left(rotation).wrapping_add(b)
}

#[inline(always)]
fn compress(chain: &mut [u32; 4], blocks: &[[u8; 64]], k: &[u32; 64]) {
    for block in blocks {
        let words: [u32; 16] = std::array::from_fn(|at| {
            u32::from_le_bytes([block[4 * at], block[4 * at + 1], block[4 * at + 2], block[4 * at + 3]])
        });
        let mut state = *chain;
        four!(f, state, words, k, 0, [0, 1, 2, 3], [7, 12, 17, 22]);
        four!(f, state, words, k, 4, [4, 5, 6, 7], [7, 12, 17, 22]);
        four!(f, state, words, k, 8, [8, 9, 10, 11], [7, 12, 17, 22]);
        four!(f, state, words, k, 12, [12, 13, 14, 15], [7, 12, 17, 22]);
        four!(g, state, words, k, 16, [1, 6, 11, 0], [5, 9, 14, 20]);
        four!(g, state, words, k, 20, [5, 10, 15, 4], [5, 9, 14, 20]);
        four!(g, state, words, k, 24, [9, 14, 3, 8], [5, 9, 14, 20]);
        four!(g, state, words, k, 28, [13, 2, 7, 12], [5, 9, 14, 20]);
        four!(h, state, words, k, 32, [5, 8, 11, 14], [4, 11, 16, 23]);
        four!(h, state, words, k, 36, [1, 4, 7, 10], [4, 11, 16, 23]);
        four!(h, state, words, k, 40, [13, 0, 3, 6], [4, 11, 16, 23]);
        four!(h, state, words, k, 44, [9, 12, 15, 2], [4, 11, 16, 23]);
        four!(i, state, words, k, 48, [0, 7, 14, 5], [6, 10, 15, 21]);
        four!(i, state, words, k, 52, [12, 3, 10, 1], [6, 10, 15, 21]);
        four!(i, state, words, k, 56, [8, 15, 6, 13], [6, 10, 15, 21]);
        four!(i, state, words, k, 60, [4, 11, 2, 9], [6, 10, 15, 21]);
        for (word, new) in chain.iter_mut().zip(state) {
            *word = word.wrapping_add(new);
        }
    }
}
