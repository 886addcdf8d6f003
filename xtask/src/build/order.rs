//! Puts functions next to those they resemble: gzip finds repetitions in the last 32 KB only, and writes near ones shorter.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use wasm_encoder::reencode::{Error as Reencoding, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{CodeSectionReader, FunctionSectionReader, Operator, Parser, Payload, TypeRef};

use super::size::gzip;
use crate::error::{Doing, Result};

/// How many bytes have to be the same to count.
const RUN: usize = 4;
/// What a likeness is worth when one more function has been put in between. Which is best depends on where gzip cuts its
/// blocks, and so on every byte: all are tried.
const FADINGS: [f64; 6] = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/// How often a function has to be called to be among the first: so the numbers that are written most are alike. Again all
/// are tried.
const CALLS: [usize; 4] = [16, 32, 64, 128];

/// Orders the functions of a module anew, in the way that gzip makes the least of.
pub fn by_likeness(wasm: &[u8]) -> Result<Vec<u8>> {
    let functions = Functions::read(wasm).doing(|| "can't read the wasm".to_owned())?;
    let runs = functions.runs();
    let mut best = (usize::MAX, Vec::new());
    for (fading, calls) in FADINGS.iter().flat_map(|fading| CALLS.iter().map(move |calls| (*fading, *calls)))
    {
        let mut module = Module::new();
        Ordered::new(functions.imported, functions.order(&runs, fading, calls))
            .parse_core_module(&mut module, Parser::new(0), wasm)
            .doing(|| "can't write the wasm anew".to_owned())?;
        let ordered = module.finish();
        let size = gzip(&ordered)?;
        if size < best.0 {
            best = (size, ordered);
        }
    }
    Ok(best.1)
}

struct Functions<'a> {
    imported: u32,
    /// The code of the others.
    bodies: Vec<&'a [u8]>,
    /// How often each of them is called.
    calls: Vec<usize>,
}

impl Functions<'_> {
    fn read(wasm: &[u8]) -> wasmparser::Result<Functions<'_>> {
        let mut functions = Functions { imported: 0, bodies: Vec::new(), calls: Vec::new() };
        let mut called = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        functions.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    functions.bodies.push(body.as_bytes());
                    for operator in body.get_operators_reader()? {
                        if let Operator::Call { function_index } = operator? {
                            called.extend(function_index.checked_sub(functions.imported));
                        }
                    }
                }
                _ => {}
            }
        }
        functions.calls = vec![0; functions.bodies.len()];
        for index in called {
            functions.calls.get_mut(index as usize).into_iter().for_each(|calls| *calls += 1);
        }
        Ok(functions)
    }

    /// Returns which runs of bytes each function has.
    fn runs(&self) -> Vec<BTreeSet<&[u8]>> {
        self.bodies.iter().map(|body| body.windows(RUN).collect()).collect()
    }

    /// Begins with one that is called often, and goes on with the one of which the largest part has just been there: first
    /// among those that are called at least `calls` times, then among the others.
    fn order(&self, runs: &[BTreeSet<&[u8]>], fading: f64, calls: usize) -> Vec<usize> {
        let mut holders: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (index, runs) in runs.iter().enumerate() {
            runs.iter().for_each(|run| holders.entry(run).or_default().push(index));
        }
        let is_first = |index: usize| self.calls.get(index).is_some_and(|count| *count >= calls);
        let mut likeness = vec![0.0; runs.len()];
        let mut left: Vec<usize> = (0..runs.len()).collect();
        let mut order = Vec::new();
        while let Some(next) = left.iter().copied().max_by(|a, b| {
            // Of a function of a few bytes, all may be there by chance.
            let part = |index: usize| Some(likeness.get(index)? / (runs.get(index)?.len() + 4) as f64);
            let more = part(*a).partial_cmp(&part(*b)).unwrap_or(Ordering::Equal);
            is_first(*a).cmp(&is_first(*b)).then(more).then(b.cmp(a))
        }) {
            order.push(next);
            left.retain(|index| *index != next);
            likeness.iter_mut().for_each(|likeness| *likeness *= fading);
            let alike = runs.get(next).into_iter().flatten().filter_map(|run| holders.get(run)).flatten();
            alike
                .for_each(|index| likeness.get_mut(*index).into_iter().for_each(|likeness| *likeness += 1.0));
        }
        order
    }
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

    #[test]
    fn what_is_alike_stands_together_and_what_is_called_often_first() {
        let bodies: [&[u8]; 5] = [b"abcdefgh", b"12345678", b"abcdefgi", b"12345679", b"......"];
        let functions = Functions { imported: 0, bodies: bodies.to_vec(), calls: vec![0, 0, 0, 0, 64] };
        assert_eq!(functions.order(&functions.runs(), 0.6, 64), [4, 0, 2, 1, 3]);
    }
}
