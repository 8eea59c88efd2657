//! The best of what a search has come across.

use std::cmp::Ordering;

/// What an index knows of an entry beside its vector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<K> {
    pub(super) key: K,
    /// The how-manieth insertion it was.
    pub(super) order: u64,
}

/// At most so many entries, the best first; the older of two that are equal.
pub(super) struct Best<K> {
    limit: usize,
    /// What an entry has to reach at least.
    bar: f32,
    found: Vec<(f32, Entry<K>)>,
}

impl<K: Copy> Best<K> {
    pub(super) fn new(floor: f32, limit: usize) -> Self {
        Self {
            limit,
            bar: floor,
            found: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn offer(&mut self, entry: &Entry<K>, cosine: f32) {
        if cosine >= self.bar {
            self.insert(entry, cosine);
        }
    }

    fn insert(&mut self, entry: &Entry<K>, cosine: f32) {
        let is_before = |(other, known): &(f32, Entry<K>)| {
            let order = other.total_cmp(&cosine).reverse();
            order.then(known.order.cmp(&entry.order)) == Ordering::Less
        };
        let at = self.found.partition_point(is_before);
        if at >= self.limit {
            return;
        }
        self.found.insert(at, (cosine, *entry));
        self.found.truncate(self.limit);
        if let Some((worst, _)) = self.found.get(self.limit - 1) {
            self.bar = *worst;
        }
    }

    pub(super) fn into_found(self) -> Vec<(K, f32)> {
        let found = self.found.into_iter();
        found.map(|(cosine, entry)| (entry.key, cosine)).collect()
    }
}
