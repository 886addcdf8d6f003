//! The body of one function: its variables, and the instructions in order
//! ([WebAssembly 2.0, 5.4](https://www.w3.org/TR/wasm-core-2/#instructions)).

/// A variable of 32 bits.
pub const I32: u8 = 0x7f;
/// A vector of 128 bits.
pub const V128: u8 = 0x7b;

/// An instruction without operands of its own: it takes them off the stack.
#[derive(Debug, Clone, Copy)]
pub enum Op {
    Add = 0x6a,
    Sub = 0x6b,
    And = 0x71,
    Or = 0x72,
    Xor = 0x73,
    Rotl = 0x77,
}

/// The same for vectors; additions and shifts are of four lanes.
#[derive(Debug, Clone, Copy)]
pub enum VectorOp {
    Not = 77,
    And = 78,
    Or = 80,
    Xor = 81,
    Shl = 171,
    Shr = 173,
    Add = 174,
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

/// A function that is being written.
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

    /// Adds some variables of one type.
    pub fn variables<const N: usize>(&mut self, kind: u8) -> [u32; N] {
        [(); N].map(|()| {
            self.variables.push(kind);
            self.arguments + self.variables.len() as u32 - 1
        })
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

    /// Takes its operands off the stack and puts the result there.
    pub fn op(&mut self, op: Op) -> &mut Code {
        self.bytes.push(op as u8);
        self
    }

    /// Takes its operands off the stack and puts the result there.
    pub fn vector_op(&mut self, op: VectorOp) -> &mut Code {
        self.vector(op as u32)
    }

    /// Reads the word at `offset` from the address on the stack.
    pub fn load(&mut self, offset: u32) -> &mut Code {
        self.bytes.push(I32_LOAD);
        self.at(offset)
    }

    /// Writes the word on the stack to `offset` from the address below it.
    pub fn store(&mut self, offset: u32) -> &mut Code {
        self.bytes.push(I32_STORE);
        self.at(offset)
    }

    /// Reads the vector at `offset` from the address on the stack.
    pub fn load_vector(&mut self, offset: u32) -> &mut Code {
        self.vector(V128_LOAD).at(offset)
    }

    /// Writes the vector on the stack to `offset` from the address below it.
    pub fn store_vector(&mut self, offset: u32) -> &mut Code {
        self.vector(V128_STORE).at(offset)
    }

    /// Puts a vector of four equal words on the stack.
    pub fn number_in_lanes(&mut self, value: u32) -> &mut Code {
        self.vector(V128_CONST);
        self.bytes.extend([value.to_le_bytes(); 4].as_flattened());
        self
    }

    /// Takes two vectors off the stack, and puts four of their eight words there.
    pub fn shuffle(&mut self, words: [u8; 4]) -> &mut Code {
        self.vector(SHUFFLE);
        let bytes = words.map(|word| [4 * word, 4 * word + 1, 4 * word + 2, 4 * word + 3]);
        self.bytes.extend(bytes.as_flattened());
        self
    }

    /// Repeats `body` as often as the variable `count` says, which counts down to 0; not at all if it is 0.
    pub fn repeat(&mut self, count: u32, body: impl FnOnce(&mut Code)) {
        self.bytes.extend([BLOCK, NO_TYPE]);
        self.get(count).bytes.extend([I32_EQZ, BR_IF, 0, LOOP, NO_TYPE]);
        body(self);
        self.get(count).number(1).op(Op::Sub).tee(count).bytes.extend([BR_IF, 0, END, END]);
    }

    /// Moves an address on.
    pub fn advance(&mut self, address: u32, by: u32) {
        self.get(address).number(by).op(Op::Add).set(address);
    }

    /// Ends the function, and returns it with its length before it.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(END);
        let mut body = Vec::new();
        unsigned(&mut body, self.variables.len() as u32);
        self.variables.iter().for_each(|kind| body.extend([1, *kind]));
        body.extend(self.bytes);
        let mut function = Vec::new();
        unsigned(&mut function, body.len() as u32);
        function.extend(body);
        function
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

/// Writes a number in LEB128, seven bits to a byte.
pub fn unsigned(bytes: &mut Vec<u8>, mut value: u32) {
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
