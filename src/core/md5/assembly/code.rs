//! The body of one function: its variables, and the instructions in order
//! ([WebAssembly 2.0, 5.4](https://www.w3.org/TR/wasm-core-2/#instructions)).

/// What a variable holds, and an instruction works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word of 32 bits.
    Word = 0x7f,
    /// A vector of four words.
    Vector = 0x7b,
}

impl Kind {
    /// Returns how many bytes it has.
    pub fn len(self) -> u32 {
        if self == Kind::Word { 4 } else { 16 }
    }
}

/// An instruction that takes its operands off the stack and puts the result there.
#[derive(Debug, Clone, Copy)]
pub enum Op {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Not,
    Rotl,
    Shl,
    Shr,
}

const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;
const END: u8 = 0x0b;
const BR_IF: u8 = 0x0d;
const LOCAL_GET: u8 = 0x20;
const LOCAL_SET: u8 = 0x21;
const LOCAL_TEE: u8 = 0x22;
const I32_LOAD: u8 = 0x28;
const I32_STORE: u8 = 0x36;
const I32_CONST: u8 = 0x41;
const I32_EQZ: u8 = 0x45;
const NO_TYPE: u8 = 0x40;
const VECTOR: u8 = 0xfd;
const V128_LOAD: u32 = 0;
const V128_STORE: u32 = 11;
const V128_CONST: u32 = 12;
const SHUFFLE: u32 = 13;

/// A function that is being written. Each method writes one instruction, unless it says otherwise.
pub struct Code {
    arguments: u32,
    variables: Vec<u8>,
    bytes: Vec<u8>,
}

impl Code {
    /// Begins a function of `arguments` arguments of 32 bits, which are the first variables.
    pub fn new(arguments: u32) -> Code {
        Code { arguments, variables: Vec::new(), bytes: Vec::new() }
    }

    /// Adds `count` variables, and returns the first of them; the others come behind it.
    pub fn variables(&mut self, kind: Kind, count: usize) -> u32 {
        let first = self.arguments + self.variables.len() as u32;
        self.variables.resize(self.variables.len() + count, kind as u8);
        first
    }

    /// Puts a variable on the stack.
    pub fn get(&mut self, variable: u32) -> &mut Code {
        self.one(LOCAL_GET, variable)
    }

    /// Takes a variable off the stack.
    pub fn set(&mut self, variable: u32) -> &mut Code {
        self.one(LOCAL_SET, variable)
    }

    /// Sets a variable to what is on the stack, and leaves it there.
    pub fn tee(&mut self, variable: u32) -> &mut Code {
        self.one(LOCAL_TEE, variable)
    }

    /// Puts a number on the stack.
    pub fn number(&mut self, value: u32) -> &mut Code {
        self.bytes.push(I32_CONST);
        signed(&mut self.bytes, value.cast_signed());
        self
    }

    /// Takes its operands off the stack and puts the result there. Words have no `Not` of their own, and no shifts here;
    /// vectors have no rotation and no `Sub` here, and their additions and shifts are of four lanes.
    pub fn op(&mut self, kind: Kind, op: Op) -> &mut Code {
        if kind == Kind::Word {
            if matches!(op, Op::Not) {
                self.number(u32::MAX);
            }
            self.bytes.push(match op {
                Op::Add => 0x6a,
                Op::Sub => 0x6b,
                Op::And => 0x71,
                Op::Or => 0x72,
                Op::Xor | Op::Not => 0x73,
                Op::Shl => 0x74,
                Op::Shr => 0x76,
                Op::Rotl => 0x77,
            });
            return self;
        }
        self.vector(match op {
            Op::Not => 77,
            Op::And => 78,
            Op::Or | Op::Rotl => 80,
            Op::Xor => 81,
            Op::Shl => 171,
            Op::Shr => 173,
            Op::Add => 174,
            Op::Sub => 177,
        })
    }

    /// Writes a formula as a stack takes it, operands first: `a` to `d` are the variables with those roles in step `index`
    /// of the chain at `words`, the rest operations.
    pub fn formula(&mut self, kind: Kind, formula: &str, words: u32, index: u32) -> &mut Code {
        for sign in formula.bytes() {
            let op = match sign {
                b'+' => Op::Add,
                b'&' => Op::And,
                b'|' => Op::Or,
                b'^' => Op::Xor,
                b'~' => Op::Not,
                role => {
                    self.get(super::steps::role(role, words, index));
                    continue;
                }
            };
            self.op(kind, op);
        }
        self
    }

    /// Reads what is at `offset` from the address on the stack.
    pub fn load(&mut self, kind: Kind, offset: u32) -> &mut Code {
        match kind {
            Kind::Word => self.bytes.push(I32_LOAD),
            Kind::Vector => drop(self.vector(V128_LOAD)),
        }
        self.at(offset)
    }

    /// Writes what is on the stack to `offset` from the address below it.
    pub fn store(&mut self, kind: Kind, offset: u32) -> &mut Code {
        match kind {
            Kind::Word => self.bytes.push(I32_STORE),
            Kind::Vector => drop(self.vector(V128_STORE)),
        }
        self.at(offset)
    }

    /// Puts a vector of four equal words on the stack.
    pub fn number_in_lanes(&mut self, value: u32) -> &mut Code {
        self.vector(V128_CONST);
        (0..4).for_each(|_| self.bytes.extend_from_slice(&value.to_le_bytes()));
        self
    }

    /// Takes two vectors off the stack, and puts four of their eight words there.
    pub fn shuffle(&mut self, words: [u8; 4]) -> &mut Code {
        self.vector(SHUFFLE);
        for word in words {
            (0..4).for_each(|byte| self.bytes.push(4 * word + byte));
        }
        self
    }

    /// Repeats `body` as often as the variable `count` says, which counts down to 0; not at all if it is 0.
    pub fn repeat(&mut self, count: u32, body: &dyn Fn(&mut Code)) {
        self.raw(&[BLOCK, NO_TYPE]).get(count).raw(&[I32_EQZ, BR_IF, 0, LOOP, NO_TYPE]);
        body(self);
        self.get(count).number(1).op(Kind::Word, Op::Sub).tee(count).raw(&[BR_IF, 0, END, END]);
    }

    /// Moves an address on.
    pub fn advance(&mut self, address: u32, by: u32) {
        self.get(address).number(by).op(Kind::Word, Op::Add).set(address);
    }

    /// Ends the function, and returns it with its length before it.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(END);
        let mut body = Vec::new();
        unsigned(&mut body, self.variables.len() as u32);
        self.variables.iter().for_each(|kind| body.extend_from_slice(&[1, *kind]));
        body.extend_from_slice(&self.bytes);
        with_length(&body)
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Code {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn one(&mut self, instruction: u8, operand: u32) -> &mut Code {
        self.bytes.push(instruction);
        unsigned(&mut self.bytes, operand);
        self
    }

    fn vector(&mut self, instruction: u32) -> &mut Code {
        self.one(VECTOR, instruction)
    }

    /// An offset, with nothing promised about alignment.
    fn at(&mut self, offset: u32) -> &mut Code {
        self.one(0, offset)
    }
}

/// Puts the length of some bytes before them.
pub fn with_length(bytes: &[u8]) -> Vec<u8> {
    let mut with = Vec::new();
    unsigned(&mut with, bytes.len() as u32);
    with.extend_from_slice(bytes);
    with
}

/// Writes a number in LEB128, seven bits to a byte.
fn unsigned(bytes: &mut Vec<u8>, mut value: u32) {
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// The same with a sign, which is the last byte's second highest bit.
fn signed(bytes: &mut Vec<u8>, mut value: i32) {
    while !(-64..64).contains(&value) {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8 & 0x7f);
}
