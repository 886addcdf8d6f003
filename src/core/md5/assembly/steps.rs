//! The numbers of MD5 (RFC 1321, 3.4): which word, which constant and which rotation each of its 64 steps has.

/// One of the 64 steps: `a = b + rotl(a + f(b, c, d) + word + constant, rotation)`.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Which word of the block.
    pub word: u32,
    pub constant: u32,
    pub rotation: u32,
}

/// Returns step `index` of 64.
pub fn step(index: u32) -> Step {
    let round = index as usize / 16;
    // Of the words, the first one's number and how many further the next one is.
    let (first, further) = [(0, 1), (1, 5), (5, 3), (0, 7)].get(round).copied().unwrap_or_default();
    let rotations = ROTATIONS.get(round).copied().unwrap_or_default();
    Step {
        word: (first + further * index) % 16,
        constant: CONSTANTS.get(index as usize).copied().unwrap_or_default(),
        rotation: rotations.get(index as usize % 4).copied().unwrap_or_default(),
    }
}

/// Returns what the round of step `index` has of four.
pub fn in_round(formulas: &[&'static str; 4], index: u32) -> &'static str {
    formulas.get(index as usize / 16).copied().unwrap_or_default()
}

/// Returns the variable that has the role `a`, `b`, `c` or `d` in step `index`, of the four that begin with `words`: each
/// step writes to the one that was `a`, which then is `b`.
pub fn role(role: u8, words: u32, index: u32) -> u32 {
    words + u32::from(role - b'a').wrapping_sub(index) % 4
}

const ROTATIONS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// 2^32 times the sine of 1 to 64 in radians, without its sign, cut to a whole number.
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

#[cfg(test)]
mod tests {
    #[test]
    fn the_constants_are_sines() {
        for (index, constant) in (1..).zip(super::CONSTANTS) {
            assert_eq!(constant, (f64::from(index).sin().abs() * 4_294_967_296.0) as u32);
        }
    }
}
