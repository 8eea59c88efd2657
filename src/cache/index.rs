//! Finds the stored vectors that are nearest to another.
//!
//! One index holds one vector space: the prompts of one scope, by one
//! embedder. It compares a query with all of them while they are few. Once
//! they are many, most of them move into a graph that is searched in part;
//! what came later is still compared one and all, and what was removed is
//! passed over, until a rebuild in the background makes the next graph.

mod best;
mod flat;
mod graph;
mod rebuild;
mod vector;

use std::fmt;
use std::hash::Hash;
use std::mem::{replace, size_of_val};
use std::sync::{Arc, Weak};

use best::{Best, Entry};
use flat::Flat;
use graph::Graph;
use rebuild::fill;
pub use rebuild::{Rebuild, Rebuilt, Retired};
pub use vector::VectorError;
use vector::check;

/// How many nodes the graph looks at for a query. Among 100,000 entries it
/// found all of 1,000 near duplicates with that (`benches/cache`).
const WIDTH: usize = 64;
/// The same when too many of those were removed ones.
const WIDE: usize = 256;

/// When an index changes its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexLimits {
    /// The most entries that are kept without a graph. The default is 20,000.
    pub graph_above: usize,
    /// The most entries beside a graph, if a tenth of the graph is not more.
    /// The default is 5,000.
    pub tail: usize,
}

impl Default for IndexLimits {
    /// `benches/cache`, 2026-11-26, busy machine with AVX2: at 10,000 entries
    /// a scan takes 0.3 ms and the graph 0.6; at 20,000, which no longer fit
    /// into a processor's cache, a scan takes 1.6 ms and the graph 0.9. The
    /// graph does not come sooner because it takes 2.6 times the memory, and a
    /// millisecond of CPU for each entry whenever it is made. A scan of 5,000
    /// takes a third of a search of a graph of that size.
    fn default() -> Self {
        Self {
            graph_above: 20_000,
            tail: 5_000,
        }
    }
}

/// The nearest-neighbour index of one vector space.
///
/// Everything but [`Rebuild::run`] takes well under a millisecond up to
/// 10,000 entries. An index with a graph is dropped where it blocks nobody.
pub struct VectorIndex<K> {
    dimensions: usize,
    limits: IndexLimits,
    /// How many insertions there were.
    inserted: u64,
    graph: Option<Living<K>>,
    /// All entries, or those that came after the graph.
    flat: Flat<K>,
    pending: Option<Pending<K>>,
}

/// A graph, and which of its nodes are alive.
struct Living<K> {
    graph: Arc<Graph<K>>,
    alive: Vec<bool>,
    dead: usize,
}

/// What happens while a rebuild is under way.
struct Pending<K> {
    /// Lives as long as the rebuild or its result.
    token: Weak<()>,
    /// The first insertion that the rebuild does not see.
    since: u64,
    /// What it sees but was removed.
    gone: Vec<K>,
}

impl<K: Copy + Eq + Hash> VectorIndex<K> {
    /// Makes an empty index.
    #[must_use]
    pub fn new(dimensions: usize) -> Self {
        Self::with_limits(dimensions, IndexLimits::default())
    }

    /// Makes an empty index with other limits.
    #[must_use]
    pub fn with_limits(dimensions: usize, limits: IndexLimits) -> Self {
        Self {
            dimensions,
            limits,
            inserted: 0,
            graph: None,
            // Without dimensions no vector is accepted: none has norm 1.
            flat: Flat::new(dimensions.max(1)),
            pending: None,
        }
    }

    /// Returns how many entries can be found.
    #[must_use]
    pub fn len(&self) -> usize {
        let living = self.graph.as_ref().map_or(0, Living::len);
        living + self.flat.len()
    }

    /// Tells whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes of memory that it holds; a rebuild takes somewhat
    /// more than as much again while it lasts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let graph = self.graph.as_ref().map_or(0, Living::bytes);
        size_of_val(self) + graph + self.flat.bytes()
    }

    /// Adds an entry, or gives it another vector; it counts as the newest
    /// then.
    ///
    /// # Errors
    ///
    /// If the vector is none of this space. What was there stays.
    pub fn insert(&mut self, key: K, vector: &[f32]) -> Result<(), VectorError> {
        check(vector, self.dimensions)?;
        self.remove(&key);
        let order = self.inserted;
        self.inserted += 1;
        self.flat.push(Entry { key, order }, vector);
        Ok(())
    }

    /// Removes an entry. Tells whether it was there.
    pub fn remove(&mut self, key: &K) -> bool {
        let removed = self.flat.remove(key);
        let removed = removed.or_else(|| self.graph.as_mut()?.kill(key));
        let Some(removed) = removed else {
            return false;
        };
        if let Some(pending) = &mut self.pending
            && removed.order < pending.since
        {
            pending.gone.push(*key);
        }
        true
    }

    /// Returns at most `limit` entries whose cosine with `query` is at least
    /// `floor`, and that cosine, the best first and of equal ones the oldest.
    ///
    /// Nothing is missed below [`IndexLimits::graph_above`] entries; a graph
    /// may miss some.
    ///
    /// # Errors
    ///
    /// If the query is none of this space.
    pub fn nearest(
        &self,
        query: &[f32],
        floor: f32,
        limit: usize,
    ) -> Result<Vec<(K, f32)>, VectorError> {
        check(query, self.dimensions)?;
        let mut best = Best::new(floor, limit);
        self.flat.search(query, &mut best);
        if let Some(graph) = &self.graph {
            graph.search(query, floor, limit, &mut best);
        }
        Ok(best.into_found())
    }

    /// Returns the work that would make searches fast again, if there is
    /// cause: more than [`IndexLimits`] allow are compared one and all, or
    /// more than a quarter of the graph was removed. Changes meanwhile are not
    /// lost; no other rebuild is handed out until this one is installed or
    /// dropped.
    pub fn rebuild(&mut self) -> Option<Rebuild<K>> {
        let is_pending = |pending: &Pending<K>| pending.token.strong_count() > 0;
        if self.pending.as_ref().is_some_and(is_pending) || !self.is_due() {
            return None;
        }
        let token = Arc::new(());
        self.pending = Some(Pending {
            token: Arc::downgrade(&token),
            since: self.inserted,
            gone: Vec::new(),
        });
        let old = self.graph.as_ref();
        Some(Rebuild {
            token,
            dimensions: self.dimensions,
            limits: self.limits,
            old: old.map(|living| (Arc::clone(&living.graph), living.alive.clone())),
            tail: self.flat.snapshot(),
        })
    }

    fn is_due(&self) -> bool {
        match &self.graph {
            None => self.flat.len() > self.limits.graph_above,
            Some(living) => {
                let nodes = living.graph.len();
                // A tenth: a rebuild takes time for all nodes, so what it
                // takes for each new entry would grow with them.
                living.dead * 4 > nodes || self.flat.len() > self.limits.tail.max(nodes / 10)
            }
        }
    }

    /// Puts a new generation in the place of the current one, with all that
    /// changed since it was begun, and returns the old one. What belongs to
    /// another index changes nothing.
    pub fn install(&mut self, rebuilt: Rebuilt<K>) -> Retired<K> {
        let token = Arc::downgrade(&rebuilt.token);
        let is_ours = |pending: &mut Pending<K>| pending.token.ptr_eq(&token);
        let Some(pending) = self.pending.take_if(is_ours) else {
            return Retired {
                _graph: rebuilt.graph,
                _flat: Some(rebuilt.flat),
            };
        };
        let mut graph = rebuilt.graph.map(Living::new);
        let mut flat = rebuilt.flat;
        for key in &pending.gone {
            if let Some(graph) = &mut graph {
                graph.kill(key);
            } else {
                flat.remove(key);
            }
        }
        fill(&mut flat, self.flat.since(pending.since));
        let old = replace(&mut self.graph, graph);
        Retired {
            _graph: old.map(|living| living.graph),
            _flat: Some(replace(&mut self.flat, flat)),
        }
    }
}

impl<K> fmt::Debug for VectorIndex<K> {
    /// Shows no vectors: they tell what was asked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VectorIndex")
            .field("dimensions", &self.dimensions)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<K: Copy + Eq + Hash> Living<K> {
    fn new(graph: Arc<Graph<K>>) -> Self {
        let alive = vec![true; graph.len()];
        Self {
            graph,
            alive,
            dead: 0,
        }
    }

    fn len(&self) -> usize {
        self.graph.len() - self.dead
    }

    fn bytes(&self) -> usize {
        self.graph.bytes() + self.alive.capacity()
    }

    fn kill(&mut self, key: &K) -> Option<Entry<K>> {
        let number = self.graph.number(key)?;
        let alive = self.alive.get_mut(number)?;
        let was_alive = replace(alive, false);
        self.dead += usize::from(was_alive);
        self.graph.entry(number).copied().filter(|_| was_alive)
    }

    /// Offers the living among the nearest nodes. If the dead have crowded
    /// them out, it looks once more, further.
    fn search(&self, query: &[f32], floor: f32, limit: usize, best: &mut Best<K>) {
        // As wide as it is asked for, the crate reserves room.
        let limit = limit.min(self.graph.len());
        let mut hits = Vec::new();
        for width in [WIDTH.max(limit), WIDE.max(limit)] {
            hits = self.graph.search(query, floor, width);
            let reached = hits.len();
            hits.retain(|hit| self.alive.get(hit.number).copied().unwrap_or_default());
            // Fewer than it looked at: the rest is below the floor.
            if reached < width || hits.len() >= limit || hits.len() == reached {
                break;
            }
        }
        for hit in hits {
            if let Some(entry) = self.graph.entry(hit.number) {
                best.offer(entry, hit.cosine);
            }
        }
    }
}

#[cfg(test)]
mod tests;
