//! Finds a chunk by its id. A table of our own, since a general hash map costs ten kilobytes of wasm.

/// Positions by id, open addressing; ids are digests, so any mixing of their characters spreads them.
#[derive(Debug, Clone)]
pub struct Index {
    /// A position plus 1; 0 is free. A power of two, at most half full.
    slots: Vec<u32>,
}

impl Index {
    /// Makes an index for at most `count` ids.
    pub fn new(count: usize) -> Index {
        Index { slots: vec![0; (2 * count).next_power_of_two().max(2)] }
    }

    /// Returns the position of `id`, if it is in; `ids` tells the id at a position.
    pub fn find<'a>(&self, id: &str, ids: impl Fn(usize) -> Option<&'a str>) -> Option<usize> {
        self.walk(id)
            .map_while(|slot| self.slots.get(slot).copied()?.checked_sub(1))
            .map(|at| at as usize)
            .find(|at| ids(*at) == Some(id))
    }

    /// Puts in `id`, which is not in yet, with its position.
    pub fn insert(&mut self, id: &str, at: usize) {
        let free = self.walk(id).find(|slot| self.slots.get(*slot) == Some(&0));
        if let Some(slot) = free.and_then(|slot| self.slots.get_mut(slot)) {
            *slot = u32::try_from(at + 1).unwrap_or(u32::MAX);
        }
    }

    /// Goes through the slots in which `id` may stand, from its first choice on (FNV-1a).
    fn walk(&self, id: &str) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len() - 1;
        let hash =
            id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        (0..=mask).map(move |step| (hash as usize).wrapping_add(step) & mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let names: Vec<String> = (0..1000).map(|n| format!("{n:032x}")).collect();
        let mut index = Index::new(names.len());
        let name = |at: usize| names.get(at).map(String::as_str);
        for (at, id) in names.iter().enumerate() {
            assert_eq!(index.find(id, name), None);
            index.insert(id, at);
        }
        for (at, id) in names.iter().enumerate() {
            assert_eq!(index.find(id, name), Some(at));
        }
        assert_eq!(index.find("x", name), None);
        assert_eq!(Index::new(0).find("x", name), None);
    }
}
