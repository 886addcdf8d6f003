//! A map for a handful of entries, in the order they came. A hash map would be 4 KB of the engine's gzip, a tree map 13.

/// A map that looks at every entry.
#[derive(Debug, Clone)]
pub struct FlatMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for FlatMap<K, V> {
    fn default() -> Self {
        FlatMap(Vec::new())
    }
}

impl<K: PartialEq, V> FlatMap<K, V> {
    /// Returns an empty map.
    pub const fn new() -> Self {
        FlatMap(Vec::new())
    }

    /// Puts a value in; one that had the same key goes.
    pub fn insert(&mut self, key: K, value: V) {
        self.remove(&key);
        self.0.push((key, value));
    }

    /// Takes a value out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.0.iter().position(|entry| entry.0 == *key)?;
        Some(self.0.remove(at).1)
    }

    /// Returns a value.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.iter().find(|entry| entry.0 == *key).map(|entry| &entry.1)
    }

    /// Returns a value.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.iter_mut().find(|entry| entry.0 == *key).map(|entry| &mut entry.1)
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&V) -> bool) {
        self.0.retain(|entry| keep(&entry.1));
    }

    /// Goes through the entries, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|entry| (&entry.0, &entry.1))
    }

    /// Goes through the values, oldest first.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|entry| &entry.1)
    }

    /// Goes through the values, oldest first.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|entry| &mut entry.1)
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

impl<K, V> IntoIterator for FlatMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
