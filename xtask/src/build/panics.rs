//! Empties the functions that only a panic gets to.
//!
//! On this target a panic's message goes nowhere: the standard library has no stderr here, and ends in a trap. So the
//! trap alone is left, and what would put the message together is no longer needed.

use std::collections::HashSet;

use walrus::ir::{Instr, InstrLocId, InstrSeq, Unreachable, VisitorMut, dfs_pre_order_mut};
use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module};

/// What the names of the standard library's functions contain that do not return.
const NAMES: [&str; 10] = [
    "::panicking::",
    "::panic_",
    "::unwrap_failed",
    "::assert_failed",
    "::slice_index_fail",
    "::raw_vec::handle_error",
    "::capacity_overflow",
    "::AccessError as ",
    "::BorrowError as ",
    "::BorrowMutError as ",
];

/// Puts a trap in place of each of them, and of each call.
pub fn trap_at_once(wasm: &mut Module) {
    let mut traps = Traps(HashSet::new());
    for function in wasm.funcs.iter_mut() {
        let FunctionKind::Local(local) = &function.kind else { continue };
        if !function.name.as_deref().is_some_and(never_returns) {
            continue;
        }
        let kind = wasm.types.get(local.ty());
        let (params, results) = (kind.params().to_vec(), kind.results().to_vec());
        let arguments = params.iter().map(|param| wasm.locals.add(*param)).collect();
        let mut body = FunctionBuilder::new(&mut wasm.types, &params, &results);
        body.func_body().unreachable();
        function.kind = FunctionKind::Local(body.local_func(arguments));
        traps.0.insert(function.id());
    }
    for (_, function) in wasm.funcs.iter_local_mut() {
        dfs_pre_order_mut(&mut traps, function, function.entry_block());
    }
    walrus::passes::gc::run(wasm);
}

struct Traps(HashSet<FunctionId>);

impl VisitorMut for Traps {
    fn start_instr_seq_mut(&mut self, sequence: &mut InstrSeq) {
        let is_trap =
            |instruction: &Instr| matches!(instruction, Instr::Call(call) if self.0.contains(&call.func));
        let Some(mut at) = sequence.instrs.iter().position(|(instruction, _)| is_trap(instruction)) else {
            return;
        };
        let is_argument = |(instruction, _): &(Instr, InstrLocId)| {
            matches!(instruction, Instr::Const(_) | Instr::LocalGet(_) | Instr::GlobalGet(_))
        };
        while at > 0 && sequence.instrs.get(at - 1).is_some_and(is_argument) {
            at -= 1;
        }
        sequence.instrs.truncate(at);
        sequence.instrs.push((Instr::Unreachable(Unreachable {}), InstrLocId::default()));
    }
}

fn never_returns(name: &str) -> bool {
    let name = format!("{:#}", rustc_demangle::demangle(name));
    let crates = ["core::", "alloc::", "std::", "__rustc::"];
    crates.iter().any(|of| name.trim_start_matches('<').starts_with(of))
        && NAMES.iter().any(|part| name.contains(part))
}
