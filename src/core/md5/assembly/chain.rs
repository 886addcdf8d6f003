//! A chain's four words: of one chain, or of four in the lanes of vectors.

use super::code::{Code, Kind, Op};

/// Its words, in variables.
pub struct Chain {
    kind: Kind,
    /// Where they are kept in memory.
    address: u32,
    /// The first of four variables.
    pub words: u32,
    /// The first of four others: what they were when the block began.
    before: u32,
}

impl Chain {
    /// Reads a chain's words from the address in a variable.
    pub fn load(code: &mut Code, kind: Kind, address: u32) -> Chain {
        let (words, before) = (code.variables(kind, 4), code.variables(kind, 4));
        for word in 0..4 {
            code.get(address).load(kind, word * kind.len()).set(words + word);
        }
        Chain { kind, address, words, before }
    }

    /// Writes the words back.
    pub fn store(&self, code: &mut Code) {
        for word in 0..4 {
            code.get(self.address).get(self.words + word).store(self.kind, word * self.kind.len());
        }
    }

    /// Begins a block.
    pub fn begin(&self, code: &mut Code) {
        for word in 0..4 {
            code.get(self.words + word).set(self.before + word);
        }
    }

    /// Ends a block.
    pub fn end(&self, code: &mut Code) {
        for word in 0..4 {
            code.get(self.words + word).get(self.before + word).op(self.kind, Op::Add).set(self.words + word);
        }
    }
}
