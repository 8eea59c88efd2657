//! Vectors side by side in memory, compared with a query one and all.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem::size_of;
use std::sync::Arc;

use super::best::{Best, Entry};
use super::vector::cosines;

/// How many vectors share one allocation: 384 KiB of 384 dimensions. More
/// would make steps in memory and the copy of a block that a rebuild is
/// reading expensive, fewer would gain nothing.
const BLOCK: usize = 256;

/// Vectors in blocks of 256, of which each but the last is full.
pub(super) struct Flat<K> {
    dimensions: usize,
    /// Shared with a rebuild while it runs; whoever writes copies the block.
    blocks: Vec<Arc<Vec<f32>>>,
    /// One for each vector.
    entries: Vec<Entry<K>>,
    slots: HashMap<K, usize>,
}

/// Vectors as they were at one moment.
pub(super) struct Snapshot<K> {
    dimensions: usize,
    blocks: Vec<Arc<Vec<f32>>>,
    entries: Vec<Entry<K>>,
}

impl<K: Copy> Snapshot<K> {
    pub(super) fn iter(&self) -> impl Iterator<Item = (Entry<K>, &[f32])> {
        rows(&self.blocks, self.dimensions, &self.entries)
    }
}

impl<K: Copy + Eq + Hash> Flat<K> {
    /// `dimensions` is at least 1.
    pub(super) fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            blocks: Vec::new(),
            entries: Vec::new(),
            slots: HashMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the bytes of memory that it holds.
    pub(super) fn bytes(&self) -> usize {
        let vectors: usize = self.blocks.iter().map(|block| block.capacity()).sum();
        vectors * size_of::<f32>()
            + self.blocks.capacity() * size_of::<Arc<Vec<f32>>>()
            + self.blocks.len() * (size_of::<Vec<f32>>() + 2 * size_of::<usize>())
            + self.entries.capacity() * size_of::<Entry<K>>()
            + map_bytes(&self.slots)
    }

    /// Adds a checked vector under a key that is not there.
    pub(super) fn push(&mut self, entry: Entry<K>, vector: &[f32]) {
        let full = BLOCK * self.dimensions;
        if self.blocks.last().is_none_or(|block| block.len() >= full) {
            self.blocks.push(Arc::default());
        }
        if let Some(block) = self.blocks.last_mut() {
            let block = Arc::make_mut(block);
            if block.capacity() - block.len() < vector.len() {
                // As much again: most scopes have few entries, for which a
                // whole block would be a waste.
                let more = block.len().clamp(self.dimensions, full - block.len());
                block.reserve_exact(more);
            }
            block.extend_from_slice(vector);
        }
        self.slots.insert(entry.key, self.entries.len());
        self.entries.push(entry);
    }

    /// Removes an entry, if it is there, by putting the last one in its place.
    pub(super) fn remove(&mut self, key: &K) -> Option<Entry<K>> {
        let slot = self.slots.remove(key)?;
        let moved = self.pop_vector();
        let removed = self.entries.swap_remove(slot);
        if let Some(entry) = self.entries.get(slot) {
            self.slots.insert(entry.key, slot);
            let start = slot % BLOCK * self.dimensions;
            if let Some(block) = self.blocks.get_mut(slot / BLOCK) {
                let place = Arc::make_mut(block).get_mut(start..start + self.dimensions);
                if let (Some(place), Some(moved)) = (place, moved) {
                    place.copy_from_slice(&moved);
                }
            }
        }
        self.shrink();
        Some(removed)
    }

    fn pop_vector(&mut self) -> Option<Vec<f32>> {
        let block = Arc::make_mut(self.blocks.last_mut()?);
        let vector = block.split_off(block.len().saturating_sub(self.dimensions));
        if block.is_empty() {
            self.blocks.pop();
        } else if block.len() * 4 <= block.capacity() {
            block.shrink_to(block.len() * 2);
        }
        Some(vector)
    }

    fn shrink(&mut self) {
        let length = self.entries.len();
        if length * 4 <= self.entries.capacity() {
            self.entries.shrink_to(length * 2);
            self.slots.shrink_to(length * 2);
            self.blocks.shrink_to(self.blocks.len() * 2);
        }
    }

    /// Offers all entries.
    pub(super) fn search(&self, query: &[f32], best: &mut Best<K>) {
        for (block, entries) in self.blocks.iter().zip(self.entries.chunks(BLOCK)) {
            let mut entries = entries.iter();
            cosines(query, block.chunks_exact(self.dimensions), |cosine| {
                if let Some(entry) = entries.next() {
                    best.offer(entry, cosine);
                }
            });
        }
    }

    /// Returns all vectors as they are now, without copying them.
    pub(super) fn snapshot(&self) -> Snapshot<K> {
        Snapshot {
            dimensions: self.dimensions,
            blocks: self.blocks.clone(),
            entries: self.entries.clone(),
        }
    }

    /// Returns what was inserted from a moment on.
    pub(super) fn since(&self, order: u64) -> impl Iterator<Item = (Entry<K>, &[f32])> {
        let rows = rows(&self.blocks, self.dimensions, &self.entries);
        rows.filter(move |(entry, _)| entry.order >= order)
    }
}

fn rows<'a, K: Copy>(
    blocks: &'a [Arc<Vec<f32>>],
    dimensions: usize,
    entries: &'a [Entry<K>],
) -> impl Iterator<Item = (Entry<K>, &'a [f32])> {
    let vectors = blocks
        .iter()
        .flat_map(move |block| block.chunks_exact(dimensions));
    entries.iter().copied().zip(vectors)
}

/// Returns the bytes of a map: it keeps one byte a bucket beside it, and a
/// seventh more buckets than it says it has room for.
pub(super) fn map_bytes<K, V>(map: &HashMap<K, V>) -> usize {
    map.capacity() * 8 / 7 * (size_of::<(K, V)>() + 1)
}
