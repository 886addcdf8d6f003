//! The numbers of MD5 (RFC 1321, 3.4): which word, which constant and which rotation each of its 64 steps has.

/// The four functions, one for each round of 16 steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    F,
    G,
    H,
    I,
}

/// One of the 64 steps: `a = b + rotl(a + f(b, c, d) + word + constant, rotation)`.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub round: Round,
    /// Which word of the block.
    pub word: u32,
    pub constant: u32,
    pub rotation: u32,
}

/// Returns step `index` of 64.
pub fn step(index: u32) -> Step {
    let (round, word, rotations) = match index / 16 {
        0 => (Round::F, index, [7, 12, 17, 22]),
        1 => (Round::G, 5 * index + 1, [5, 9, 14, 20]),
        2 => (Round::H, 3 * index + 5, [4, 11, 16, 23]),
        _ => (Round::I, 7 * index, [6, 10, 15, 21]),
    };
    let rotation = rotations.into_iter().nth(index as usize % 4).unwrap_or_default();
    let constant = CONSTANTS.into_iter().nth(index as usize).unwrap_or_default();
    Step { round, word: word % 16, constant, rotation }
}

/// The roles of four variables in step `index`: each step writes to the one that was `a`, which then is `b`.
pub fn roles(index: u32, variables: [u32; 4]) -> [u32; 4] {
    let [a, b, c, d] = variables;
    match index % 4 {
        0 => [a, b, c, d],
        1 => [d, a, b, c],
        2 => [c, d, a, b],
        _ => [b, c, d, a],
    }
}

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
