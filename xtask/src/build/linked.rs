//! What the linker wrote down of addresses (`--emit-relocs`), as the sections `linking` and `reloc.*` have it
//! ([their format](https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md)).

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{
    DataKind, KnownCustom, Linking, LinkingSectionReader, Operator, Parser, Payload, RelocSectionReader,
    RelocationEntry, RelocationType, Result, SymbolInfo, TypeRef,
};

/// What an address is of: a symbol's index in the linker's table.
pub type Symbol = u32;

/// The addresses in a module's code and data.
#[derive(Default)]
pub struct Linked {
    /// Where each symbol of the data is in memory.
    pub data: HashMap<Symbol, Range<u32>>,
    /// The index of each function.
    pub functions: HashMap<Symbol, u32>,
    pub in_code: Vec<InCode>,
    /// Which symbol of the data has the address of which other, or of a function.
    pub in_data: Vec<(Symbol, Symbol)>,
}

/// An address in the code.
pub struct InCode {
    /// The index of the function that has it.
    pub function: u32,
    pub of: Symbol,
    /// How far behind that it points.
    pub addend: u32,
}

impl Linked {
    pub fn read(wasm: &[u8]) -> Result<Linked> {
        let mut linked = Linked::default();
        let mut sections = Sections::default();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            match &payload {
                Payload::CustomSection(custom) => match custom.as_known() {
                    KnownCustom::Linking(symbols) => linked.symbols(&symbols, &sections)?,
                    KnownCustom::Reloc(addresses) => linked.addresses(&addresses, &sections)?,
                    _ => {}
                },
                payload => sections.note(payload)?,
            }
        }
        Ok(linked)
    }

    fn symbols(&mut self, linking: &LinkingSectionReader, sections: &Sections) -> Result<()> {
        for part in linking.subsections() {
            let Linking::SymbolTable(symbols) = part? else { continue };
            for (symbol, info) in (0..).zip(symbols) {
                match info? {
                    SymbolInfo::Data { symbol: Some(place), .. } => {
                        if let Some(segment) = sections.segments.get(place.index as usize) {
                            let start = segment.address + place.offset;
                            self.data.insert(symbol, start..start + place.size);
                        }
                    }
                    SymbolInfo::Func { index, .. } => {
                        self.functions.insert(symbol, index);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn addresses(&mut self, addresses: &RelocSectionReader, sections: &Sections) -> Result<()> {
        use RelocationType::{MemoryAddrI32, MemoryAddrLeb, MemoryAddrSleb, TableIndexI32, TableIndexSleb};
        for entry in addresses.entries() {
            let RelocationEntry { ty, offset, index: of, addend } = entry?;
            match ty {
                MemoryAddrLeb | MemoryAddrSleb | TableIndexSleb => {
                    let function = sections.function_at(offset);
                    self.in_code.push(InCode { function, of, addend: addend as u32 });
                }
                MemoryAddrI32 | TableIndexI32 => {
                    let address = sections.address_of(offset);
                    let from = self.data.iter().filter(|(_, place)| place.contains(&address));
                    self.in_data.extend(from.map(|(from, _)| (*from, of)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Where things are in the file. Offsets of addresses count from the start of their section's content.
#[derive(Default)]
struct Sections {
    imported: u32,
    code: usize,
    /// Where each function ends.
    ends: Vec<usize>,
    data: usize,
    segments: Vec<Segment>,
}

struct Segment {
    address: u32,
    /// Where its bytes are.
    bytes: Range<usize>,
}

impl Sections {
    fn note(&mut self, payload: &Payload) -> Result<()> {
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    self.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionStart { range, .. } => self.code = range.start,
            Payload::CodeSectionEntry(body) => self.ends.push(body.range().end),
            Payload::DataSection(segments) => {
                self.data = segments.range().start;
                for segment in segments.clone() {
                    let segment = segment?;
                    let mut address = 0;
                    if let DataKind::Active { offset_expr, .. } = segment.kind
                        && let Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
                    {
                        address = value.cast_unsigned();
                    }
                    let bytes = segment.range.end - segment.data.len()..segment.range.end;
                    self.segments.push(Segment { address, bytes });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn function_at(&self, offset: u32) -> u32 {
        let at = self.code + offset as usize;
        self.imported + self.ends.partition_point(|end| *end <= at) as u32
    }

    /// The address in memory of what has an `offset` in the data's section; 0, where nothing is, for what has none.
    fn address_of(&self, offset: u32) -> u32 {
        let at = self.data + offset as usize;
        let segment = self.segments.iter().find(|segment| segment.bytes.contains(&at));
        segment.map_or(0, |segment| segment.address + (at - segment.bytes.start) as u32)
    }
}
