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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use walrus::ValType::I32;

    use super::*;

    fn add(module: &mut Module, name: &str, callee: Option<FunctionId>) -> FunctionId {
        let mut builder = FunctionBuilder::new(&mut module.types, &[I32], &[]);
        builder.name(name.to_owned());
        let mut body = builder.func_body();
        match callee {
            Some(callee) => body.i32_const(7).call(callee).unreachable(),
            None => body.i32_const(8).drop(),
        };
        let argument = module.locals.add(I32);
        let id = builder.finish(vec![argument], &mut module.funcs);
        module.exports.add(name, id);
        id
    }

    fn body(module: &Module, id: FunctionId) -> Vec<&Instr> {
        let function = module.funcs.get(id).kind.unwrap_local();
        function.block(function.entry_block()).instrs.iter().map(|(instruction, _)| instruction).collect()
    }

    #[test]
    fn a_panic_is_a_trap_without_arguments_and_nothing_else_is() {
        let mut module = Module::default();
        let panics = ["core::panicking::panic_fmt", "_RNvNtCsfFOs5eRwLzI_4core9panicking9panic_fmt"]
            .map(|name| add(&mut module, name, None));
        let callers = panics.map(|panic| add(&mut module, &format!("caller{}", panic.index()), Some(panic)));
        let other = add(&mut module, "mine::panicking::count", None);
        let caller = add(&mut module, "another", Some(other));
        trap_at_once(&mut module);
        for id in panics.into_iter().chain(callers) {
            assert!(matches!(body(&module, id).as_slice(), [Instr::Unreachable(_)]), "{id:?}");
        }
        assert_eq!((body(&module, other).len(), body(&module, caller).len()), (2, 3));
    }
}
