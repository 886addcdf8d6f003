//! Passes nothing to who doesn't look at it.
//!
//! A function that may panic is told where in the source it was called. Since [`super::panics`], most of them make no use of
//! that; wasm-opt would drop the parameter, but only after [`super::unused`] has seen the address and kept what is there.

use std::collections::{HashMap, HashSet};

use walrus::ir::{
    Const, Instr, InstrSeq, LocalGet, LocalTee, Value, Visitor, VisitorMut, dfs_in_order, dfs_pre_order_mut,
};
use walrus::{FunctionId, LocalId, Module, ValType};

/// Puts 0 in place of each number and each local that is passed for a parameter which is never read.
pub fn pass_nothing(wasm: &mut Module) {
    // A function that passes its own parameter on may be told nothing, too, in the next round.
    while round(wasm) {}
}

/// For each function, which of its parameters are never read.
type Ignored = HashMap<FunctionId, Vec<bool>>;

fn round(wasm: &mut Module) -> bool {
    let mut ignored = Ignored::new();
    for (id, function) in wasm.funcs.iter_local() {
        let mut read = Read(HashSet::new());
        dfs_in_order(&mut read, function, function.entry_block());
        let is_ignored =
            |local: &LocalId| wasm.locals.get(*local).ty() == ValType::I32 && !read.0.contains(local);
        ignored.insert(id, function.args.iter().map(is_ignored).collect());
    }
    let mut calls = Calls { ignored, changed: false };
    for (_, function) in wasm.funcs.iter_local_mut() {
        dfs_pre_order_mut(&mut calls, function, function.entry_block());
    }
    calls.changed
}

/// The locals that are read.
struct Read(HashSet<LocalId>);

impl<'a> Visitor<'a> for Read {
    fn visit_local_get(&mut self, get: &LocalGet) {
        self.0.insert(get.local);
    }

    fn visit_local_tee(&mut self, tee: &LocalTee) {
        self.0.insert(tee.local);
    }
}

struct Calls {
    ignored: Ignored,
    changed: bool,
}

impl VisitorMut for Calls {
    fn start_instr_seq_mut(&mut self, sequence: &mut InstrSeq) {
        let called: Vec<(usize, FunctionId)> = sequence
            .instrs
            .iter()
            .enumerate()
            .filter_map(|(at, (instruction, _))| match instruction {
                Instr::Call(call) => Some((at, call.func)),
                _ => None,
            })
            .collect();
        for (at, function) in called {
            let Some(ignored) = self.ignored.get(&function) else { continue };
            let before = sequence.instrs.get_mut(..at).unwrap_or_default();
            for ((instruction, _), ignored) in before.iter_mut().rev().zip(ignored.iter().rev()) {
                if !is_plain(instruction) {
                    break;
                }
                if *ignored && !is_zero(instruction) {
                    *instruction = Instr::Const(Const { value: Value::I32(0) });
                    self.changed = true;
                }
            }
        }
    }
}

/// Tells whether an instruction pushes one value, and does nothing else.
fn is_plain(instruction: &Instr) -> bool {
    matches!(instruction, Instr::Const(_) | Instr::LocalGet(_) | Instr::GlobalGet(_))
}

fn is_zero(instruction: &Instr) -> bool {
    matches!(instruction, Instr::Const(Const { value: Value::I32(0) }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use walrus::FunctionBuilder;
    use walrus::ValType::I32;

    use super::*;

    #[test]
    fn what_is_read_is_passed_and_nothing_else() {
        let mut module = Module::default();
        let mut add = |build: &dyn Fn(&mut walrus::InstrSeqBuilder, [LocalId; 2])| {
            let mut builder = FunctionBuilder::new(&mut module.types, &[I32, I32], &[]);
            let arguments = [module.locals.add(I32), module.locals.add(I32)];
            build(&mut builder.func_body(), arguments);
            builder.finish(arguments.to_vec(), &mut module.funcs)
        };
        let reader = add(&|body, [first, _]| {
            body.local_get(first).drop();
        });
        let passer = add(&|body, [first, second]| {
            body.local_get(first).local_get(second).call(reader);
        });
        let caller = add(&|body, _| {
            body.i32_const(5).i32_const(6).call(passer);
            body.i32_const(7).i32_const(8).call(reader);
        });
        pass_nothing(&mut module);
        let function = module.funcs.get(caller).kind.unwrap_local();
        let numbers: Vec<i32> = function
            .block(function.entry_block())
            .instrs
            .iter()
            .filter_map(|(instruction, _)| match instruction {
                Instr::Const(Const { value: Value::I32(number) }) => Some(*number),
                _ => None,
            })
            .collect();
        assert_eq!(numbers, [5, 0, 7, 0]);
    }
}
