//! Takes out data and functions that no code refers to any more.
//!
//! The linker keeps what is referred to when it links: what a panic would say and where it is, and each function that has
//! an address. Since then [`super::panics`] has removed code, and wasm-bindgen its descriptions of closures, which name
//! functions that nothing calls.

use std::collections::{HashMap, HashSet};

use walrus::ir::{Instr, InstrLocId, Value, Visitor, dfs_in_order};
use walrus::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId, FunctionKind,
    Module,
};

use super::linked::{Linked, Symbol};

/// Takes it out of a module: functions go, data become zeros, which wasm-opt leaves out.
pub fn remove(module: &mut Module, linked: &Linked) {
    let mut trap = FunctionBuilder::new(&mut module.types, &[], &[]);
    trap.func_body().unreachable();
    let trap = trap.finish(Vec::new(), &mut module.funcs);
    // A function that goes may have been the last that knew others.
    loop {
        let reached = reached(module, linked);
        if !empty_table(module, linked, &reached, trap) {
            blank(module, linked, &reached);
            break;
        }
        walrus::passes::gc::run(module);
    }
    let customs: Vec<_> = module.customs.iter().map(|(_, section)| section.name().to_owned()).collect();
    for name in customs.iter().filter(|name| *name == "linking" || name.starts_with("reloc.")) {
        module.customs.remove_raw(name);
    }
}

/// Finds the symbols whose addresses some code has that can run, or data that such code can reach. Going out from what is
/// exported, so that two that only know each other are not.
fn reached(module: &Module, linked: &Linked) -> HashSet<Symbol> {
    let slots = slots(module);
    let of_table: HashSet<u32> = linked.functions.values().copied().collect();
    let mut addresses: HashMap<u32, Vec<(Symbol, u32)>> = HashMap::new();
    for address in &linked.in_code {
        let value = match (linked.data.get(&address.of), linked.functions.get(&address.of)) {
            (Some(place), _) => Some(place.start.wrapping_add(address.addend)),
            (_, Some(function)) => slots.get(&(*function as usize)).copied(),
            _ => None,
        };
        let known = addresses.entry(address.function).or_default();
        known.extend(value.map(|value| (address.of, value)));
    }

    let exported = module.exports.iter().filter_map(|export| match export.item {
        ExportItem::Function(id) => Some(id),
        _ => None,
    });
    // What wasm-bindgen has put into the table is not the linker's.
    let added = slots.keys().filter(|index| !of_table.contains(&(**index as u32)));
    let ids: HashMap<usize, FunctionId> =
        module.funcs.iter().map(|function| (function.id().index(), function.id())).collect();
    let mut functions: Vec<FunctionId> =
        exported.chain(module.start).chain(added.filter_map(|index| ids.get(index).copied())).collect();
    let (mut live, mut reached) = (HashSet::new(), HashSet::new());
    while let Some(id) = functions.pop() {
        let FunctionKind::Local(function) = &module.funcs.get(id).kind else { continue };
        if !live.insert(id) {
            continue;
        }
        let mut mentioned = Mentioned::default();
        dfs_in_order(&mut mentioned, function, function.entry_block());
        functions.extend(mentioned.functions);
        let known = addresses.get(&(id.index() as u32)).into_iter().flatten();
        let mut open: Vec<Symbol> =
            known.filter(|(_, value)| mentioned.numbers.contains(value)).map(|(of, _)| *of).collect();
        while let Some(symbol) = open.pop() {
            if reached.insert(symbol) {
                open.extend(linked.in_data.iter().filter(|(from, _)| *from == symbol).map(|(_, to)| *to));
                let function = linked.functions.get(&symbol).and_then(|index| ids.get(&(*index as usize)));
                functions.extend(function.copied());
            }
        }
    }
    reached
}

/// The functions that a function calls, and the numbers in its code that can be addresses.
#[derive(Default)]
struct Mentioned {
    functions: Vec<FunctionId>,
    numbers: HashSet<u32>,
}

impl<'a> Visitor<'a> for Mentioned {
    fn visit_instr(&mut self, instruction: &'a Instr, _: &'a InstrLocId) {
        self.numbers.extend(match instruction {
            Instr::Const(number) => match number.value {
                Value::I32(number) => Some(number.cast_unsigned()),
                _ => None,
            },
            Instr::Load(load) => Some(load.arg.offset as u32),
            Instr::Store(store) => Some(store.arg.offset as u32),
            Instr::LoadSimd(load) => Some(load.arg.offset as u32),
            _ => None,
        });
    }

    fn visit_function_id(&mut self, function: &FunctionId) {
        self.functions.push(*function);
    }
}

/// Says which slot of the table each function is in.
fn slots(module: &Module) -> HashMap<usize, u32> {
    let mut slots = HashMap::new();
    for element in module.elements.iter() {
        let ElementKind::Active { offset: ConstExpr::Value(Value::I32(first)), .. } = element.kind else {
            continue;
        };
        let ElementItems::Functions(functions) = &element.items else { continue };
        slots.extend(functions.iter().map(|id| id.index()).zip(first.cast_unsigned()..));
    }
    slots
}

/// Puts a trap in place of the table's functions that are not reached; tells whether there were any.
fn empty_table(module: &mut Module, linked: &Linked, reached: &HashSet<Symbol>, trap: FunctionId) -> bool {
    let functions: HashSet<u32> =
        reached.iter().filter_map(|symbol| linked.functions.get(symbol)).copied().collect();
    let known: HashSet<u32> = linked.functions.values().copied().collect();
    let mut count = 0;
    for element in module.elements.iter_mut() {
        let ElementItems::Functions(entries) = &mut element.items else { continue };
        for entry in entries.iter_mut().filter(|entry| **entry != trap) {
            let index = entry.index() as u32;
            if known.contains(&index) && !functions.contains(&index) {
                *entry = trap;
                count += 1;
            }
        }
    }
    count > 0
}

/// Makes zeros of the data that are not reached.
fn blank(module: &mut Module, linked: &Linked, reached: &HashSet<Symbol>) {
    let (kept, gone): (Vec<_>, Vec<_>) = linked.data.iter().partition(|(symbol, _)| reached.contains(symbol));
    let segments: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    for id in segments {
        let data = module.data.get_mut(id);
        let DataKind::Active { offset: ConstExpr::Value(Value::I32(start)), .. } = data.kind else {
            continue;
        };
        for (address, byte) in (start.cast_unsigned()..).zip(&mut data.value) {
            let within = |places: &[(&Symbol, &std::ops::Range<u32>)]| {
                places.iter().any(|(_, place)| place.contains(&address))
            };
            if within(&gone) && !within(&kept) {
                *byte = 0;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::linked::InCode;
    use super::*;

    #[test]
    fn what_code_or_reached_data_refer_to_stays() {
        let mut module = Module::default();
        let memory = module.memories.add_local(false, false, 1, None, None);
        let at = |address| ConstExpr::Value(Value::I32(address));
        let data = module.data.add(DataKind::Active { memory, offset: at(16) }, vec![1; 20]);
        let add = |module: &mut Module, address: i32| {
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
            builder.func_body().i32_const(address).drop();
            builder.finish(Vec::new(), &mut module.funcs)
        };
        // One that is exported, two that are in the table: the second by an address in data that the first refers to.
        // And one that knows data which have nobody's address but its own.
        let (exported, unused, used) = (add(&mut module, 16), add(&mut module, 20), add(&mut module, 24));
        let circle = add(&mut module, 32);
        module.exports.add("exported", exported);
        module.exports.add("memory", memory);
        let table = module.tables.add_local(false, 4, None, walrus::RefType::FUNCREF);
        module.exports.add("table", table);
        let items = ElementItems::Functions(vec![unused, used, circle]);
        let element = module.elements.add(ElementKind::Active { table, offset: at(1) }, items);
        module.tables.get_mut(table).elem_segments.insert(element);

        let index = |id: FunctionId| id.index() as u32;
        let addresses = [(exported, 0), (unused, 1), (used, 2), (circle, 3)];
        let linked = Linked {
            data: [(0, 16..20), (1, 20..24), (2, 24..28), (3, 32..36)].into(),
            functions: [(10, index(unused)), (11, index(used)), (12, index(circle))].into(),
            in_code: addresses.map(|(id, of)| InCode { function: index(id), of, addend: 0 }).into(),
            in_data: vec![(0, 11), (3, 12)],
        };
        remove(&mut module, &linked);

        // What has no symbol stays, too.
        assert_eq!(module.data.get(data).value, [[1; 4], [0; 4], [1; 4], [1; 4], [0; 4]].concat());
        let ElementItems::Functions(entries) = &module.elements.get(element).items else {
            panic!("functions")
        };
        assert!(
            matches!(entries.as_slice(), [trap, kept, other] if trap == other && *trap != unused && *kept == used)
        );
        assert!(module.funcs.iter().all(|function| function.id() != unused && function.id() != circle));
    }
}
