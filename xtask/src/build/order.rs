//! Puts functions next to those they resemble: gzip finds repetitions in the last 32 KB only, and writes near ones shorter.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use wasm_encoder::reencode::{Error as Reencoding, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{CodeSectionReader, FunctionSectionReader, Parser, Payload, TypeRef};

use crate::error::{Doing, Result};

/// How many bytes have to be the same to count.
const RUN: usize = 4;
/// What a likeness is worth when one more function has been put in between.
const FADING: f64 = 0.6;

/// Orders the functions of a module anew.
pub fn by_likeness(wasm: &[u8]) -> Result<Vec<u8>> {
    let (imported, bodies) = functions(wasm).doing(|| "can't read the wasm".to_owned())?;
    let mut module = Module::new();
    Ordered::new(imported, order(&bodies))
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .doing(|| "can't write the wasm anew".to_owned())?;
    Ok(module.finish())
}

/// The number of imported functions, and the code of the others.
fn functions(wasm: &[u8]) -> wasmparser::Result<(u32, Vec<&[u8]>)> {
    let (mut imported, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
            _ => {}
        }
    }
    Ok((imported, bodies))
}

/// Begins with the first, and goes on with the one of which the largest part has just been there.
fn order(bodies: &[&[u8]]) -> Vec<usize> {
    let runs: Vec<BTreeSet<&[u8]>> = bodies.iter().map(|body| body.windows(RUN).collect()).collect();
    let mut holders: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, runs) in runs.iter().enumerate() {
        runs.iter().for_each(|run| holders.entry(run).or_default().push(index));
    }
    let mut likeness = vec![0.0; bodies.len()];
    let mut left: Vec<usize> = (0..bodies.len()).collect();
    let mut order = Vec::new();
    while let Some(next) = left.iter().copied().max_by(|a, b| {
        let part = |index: usize| Some(likeness.get(index)? / (runs.get(index)?.len() + 1) as f64);
        part(*a).partial_cmp(&part(*b)).unwrap_or(Ordering::Equal).then(b.cmp(a))
    }) {
        order.push(next);
        left.retain(|index| *index != next);
        likeness.iter_mut().for_each(|likeness| *likeness *= FADING);
        let alike = runs.get(next).into_iter().flatten().filter_map(|run| holders.get(run)).flatten();
        alike.for_each(|index| likeness.get_mut(*index).into_iter().for_each(|likeness| *likeness += 1.0));
    }
    order
}

/// Writes a module with its functions in another order.
struct Ordered {
    imported: u32,
    /// Which of the old functions comes where.
    order: Vec<usize>,
    /// Where each of the old functions goes.
    places: Vec<usize>,
}

impl Ordered {
    fn new(imported: u32, order: Vec<usize>) -> Ordered {
        let mut places = vec![0; order.len()];
        for (place, index) in order.iter().enumerate() {
            places.get_mut(*index).into_iter().for_each(|of| *of = place);
        }
        Ordered { imported, order, places }
    }

    fn sort<T: Clone>(&self, entries: &[T]) -> Vec<T> {
        self.order.iter().filter_map(|index| entries.get(*index).cloned()).collect()
    }
}

type Outcome = std::result::Result<(), Reencoding>;

impl Reencode for Ordered {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, index: u32) -> std::result::Result<u32, Reencoding> {
        let own = index.checked_sub(self.imported).and_then(|index| self.places.get(index as usize));
        Ok(own.map_or(index, |place| self.imported + *place as u32))
    }

    fn parse_function_section(
        &mut self,
        to: &mut FunctionSection,
        from: FunctionSectionReader<'_>,
    ) -> Outcome {
        let kinds = from.into_iter().collect::<wasmparser::Result<Vec<u32>>>()?;
        for kind in self.sort(&kinds) {
            to.function(kind);
        }
        Ok(())
    }

    fn parse_code_section(&mut self, to: &mut CodeSection, from: CodeSectionReader<'_>) -> Outcome {
        let bodies = from.into_iter().collect::<wasmparser::Result<Vec<_>>>()?;
        for body in self.sort(&bodies) {
            self.parse_function_body(to, body)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn who_is_called_stays_the_same() {
        // Three functions in a circle: a reference to an old number must lead to the new one.
        let ordered = Ordered::new(10, vec![2, 0, 1]);
        assert_eq!(ordered.sort(&["a", "b", "c"]), ["c", "a", "b"]);
        let mut ordered = ordered;
        let places: Vec<u32> = (9..13).map(|index| ordered.function_index(index).unwrap()).collect();
        assert_eq!(places, [9, 11, 12, 10]);
    }
}
