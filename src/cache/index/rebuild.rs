//! Making the next generation of an index beside the current one.

use std::hash::Hash;
use std::sync::Arc;

use super::IndexLimits;
use super::best::Entry;
use super::flat::{Flat, Snapshot};
use super::graph::Graph;

/// Work that makes an index fast again; see
/// [`VectorIndex::rebuild`](super::VectorIndex::rebuild).
///
/// If it is dropped without being run, the index asks for another.
#[must_use = "the index waits for it"]
pub struct Rebuild<K> {
    pub(super) token: Arc<()>,
    pub(super) dimensions: usize,
    pub(super) limits: IndexLimits,
    pub(super) old: Option<(Arc<Graph<K>>, Vec<bool>)>,
    pub(super) tail: Snapshot<K>,
}

/// A new generation, for
/// [`VectorIndex::install`](super::VectorIndex::install).
#[must_use = "the index waits for it"]
pub struct Rebuilt<K> {
    pub(super) token: Arc<()>,
    pub(super) graph: Option<Arc<Graph<K>>>,
    pub(super) flat: Flat<K>,
}

/// What an index no longer needs. To drop it can take seconds, so that is
/// done where the rebuild ran. The first graph to be dropped starts a sleeping
/// thread for each processor, rayon's, that stays.
#[must_use = "drop it where it blocks nobody"]
pub struct Retired<K> {
    pub(super) _graph: Option<Arc<Graph<K>>>,
    pub(super) _flat: Option<Flat<K>>,
}

impl<K: Copy + Eq + Hash> Rebuild<K> {
    /// Makes the new generation. Takes about a millisecond of one processor
    /// for each entry, two once there are 100,000, and somewhat more than as
    /// much memory again, so it runs on a thread that may block.
    pub fn run(self) -> Rebuilt<K> {
        let mut kept = Vec::new();
        if let Some((graph, alive)) = &self.old {
            graph.for_each(|number, vector| {
                let is_alive = alive.get(number).copied().unwrap_or_default();
                if let Some(entry) = graph.entry(number).filter(|_| is_alive) {
                    kept.push((*entry, vector.to_vec()));
                }
            });
        }
        // Oldest first, so that one history makes one graph: the crate draws
        // the layers of its nodes from a fixed seed.
        kept.sort_unstable_by_key(|(entry, _)| entry.order);
        let size = kept.len() + self.tail.iter().count();
        let kept = kept.iter().map(|(entry, vector)| (*entry, &**vector));
        let mut tail: Vec<_> = self.tail.iter().collect();
        tail.sort_unstable_by_key(|(entry, _)| entry.order);
        let entries = kept.chain(tail);
        let mut flat = Flat::new(self.dimensions);
        let mut graph = None;
        // Half of what asks for a graph, so that it does not come and go.
        if size > self.limits.graph_above / 2 {
            graph = Some(Arc::new(Graph::build(self.dimensions, size, entries)));
        } else {
            fill(&mut flat, entries);
        }
        let token = self.token;
        Rebuilt { token, graph, flat }
    }
}

pub(super) fn fill<'a, K: Copy + Eq + Hash>(
    flat: &mut Flat<K>,
    entries: impl Iterator<Item = (Entry<K>, &'a [f32])>,
) {
    for (entry, vector) in entries {
        flat.push(entry, vector);
    }
}
