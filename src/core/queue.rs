//! A line for a handful of entries, first in, first out: each `VecDeque` costs a kilobyte of wasm for its ring.

/// A line; the rest moves up when the first goes. Entries are boxed, so that lines of whatever share their code.
#[derive(Debug, Clone)]
pub struct Queue<T>(Vec<Box<T>>);

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue::new()
    }
}

impl<T> Queue<T> {
    /// Returns an empty line.
    pub const fn new() -> Self {
        Queue(Vec::new())
    }

    /// Puts an entry at the end.
    pub fn push_back(&mut self, entry: T) {
        self.0.push(Box::new(entry));
    }

    /// Takes the first entry.
    pub fn pop_front(&mut self) -> Option<T> {
        if self.0.is_empty() { None } else { Some(*self.0.remove(0)) }
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.0.retain(|entry| keep(entry));
    }

    /// Goes through the entries, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(Box::as_ref)
    }

    /// Returns how many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> IntoIterator for Queue<T> {
    type Item = T;
    type IntoIter = std::iter::Map<std::vec::IntoIter<Box<T>>, fn(Box<T>) -> T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|entry| *entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order() {
        let mut queue = Queue::default();
        (1..=4).for_each(|n| queue.push_back(n));
        queue.retain(|n| *n != 2);
        assert_eq!(queue.len(), 3);
        assert_eq!(std::iter::from_fn(|| queue.pop_front()).collect::<Vec<_>>(), [1, 3, 4]);
        assert!(queue.is_empty());
    }
}
