//! One generation of a graph that is searched instead of scanned.
//!
//! [`hnsw_rs`] cannot delete, so a graph is made once and never changed; the
//! index knows which of its nodes are still alive. Of the crate only
//! insertion and plain search are used: its filtered search is many times
//! slower and may find nothing, and reading its dumps can end the process.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem::size_of;

use hnsw_rs::anndists::dist::distances::Distance;
use hnsw_rs::hnsw::Hnsw;

use super::best::Entry;
use super::flat::map_bytes;
use super::vector::cosine;

/// The neighbours of a node in the layers above the lowest, which has twice
/// as many; the crate ends the process above 256.
const NEIGHBOURS: usize = 16;
/// How many candidates are looked at to find a new node's neighbours. 200
/// took 2.4 times the CPU and found no more (10,000 entries, `benches/cache`).
const CANDIDATES: usize = 100;
/// The most that the crate has.
const LAYERS: usize = 16;
/// The memory of a node beside its vector, measured by `benches/cache`.
const NODE_BYTES: usize = 2_560;

/// Nodes that never change.
pub(super) struct Graph<K> {
    nodes: Hnsw<'static, f32, Cosine>,
    dimensions: usize,
    /// One for each node, by its number.
    entries: Vec<Entry<K>>,
    numbers: HashMap<K, usize>,
}

/// A node that a search has come to.
pub(super) struct Hit {
    pub(super) number: usize,
    pub(super) cosine: f32,
}

impl<K: Copy + Eq + Hash> Graph<K> {
    /// Links checked vectors with unequal keys; takes one to two milliseconds
    /// for each.
    pub(super) fn build<'a>(
        dimensions: usize,
        size: usize,
        vectors: impl Iterator<Item = (Entry<K>, &'a [f32])>,
    ) -> Self {
        let nodes = Hnsw::new(NEIGHBOURS, size, LAYERS, CANDIDATES, Cosine);
        let mut entries = Vec::with_capacity(size);
        let mut numbers = HashMap::with_capacity(size);
        for (entry, vector) in vectors {
            nodes.insert((vector, entries.len()));
            numbers.insert(entry.key, entries.len());
            entries.push(entry);
        }
        Self {
            nodes,
            dimensions,
            entries,
            numbers,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn number(&self, key: &K) -> Option<usize> {
        self.numbers.get(key).copied()
    }

    pub(super) fn entry(&self, number: usize) -> Option<&Entry<K>> {
        self.entries.get(number)
    }

    /// Returns the bytes of memory that it holds.
    pub(super) fn bytes(&self) -> usize {
        self.entries.len() * (self.dimensions * size_of::<f32>() + NODE_BYTES)
            + self.entries.capacity() * size_of::<Entry<K>>()
            + map_bytes(&self.numbers)
    }

    /// Returns about the nearest `width` nodes, living or dead, if their
    /// cosine reaches `floor`.
    pub(super) fn search(&self, query: &[f32], floor: f32, width: usize) -> Vec<Hit> {
        let found = self.nodes.search(query, width, width);
        let points = self.nodes.get_point_indexation();
        let hits = found.into_iter().filter_map(|near| {
            // Taken back from the distance, it would lack some of its bits.
            let vector = points.get_point_data(&near.p_id)?;
            let cosine = cosine(query, &vector);
            let number = near.d_id;
            (cosine >= floor).then_some(Hit { number, cosine })
        });
        hits.collect()
    }

    /// Hands out all vectors with the numbers of their nodes.
    pub(super) fn for_each(&self, mut visit: impl FnMut(usize, &[f32])) {
        let points = self.nodes.get_point_indexation();
        for layer in 0..LAYERS.min(self.nodes.get_max_level()) {
            for point in points.get_layer_iterator(layer) {
                visit(point.get_origin_id(), point.get_v());
            }
        }
    }
}

/// 1 − cosine of checked vectors, 0 to 2. The crate panics below 0, and at what
/// is not a number, to which checked vectors cannot lead.
#[derive(Clone, Copy, Default)]
struct Cosine;

impl Distance<f32> for Cosine {
    fn eval(&self, one: &[f32], other: &[f32]) -> f32 {
        1.0 - cosine(one, other)
    }
}
