//! Questions of similar meaning: one index for each space of vectors.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::runtime::Handle;

use super::index::VectorIndex;
use crate::domain::{CacheKey, VectorSpace};

type Index = RwLock<VectorIndex<CacheKey>>;

/// The spaces in which questions are kept. None is empty.
#[derive(Default)]
pub(super) struct Neighbours(Mutex<HashMap<VectorSpace, Arc<Index>>>);

impl Neighbours {
    /// Returns the nearest questions, the nearest first, with their cosines.
    pub(super) fn nearest(
        &self,
        space: VectorSpace,
        vector: &[f32],
        floor: f32,
        limit: usize,
    ) -> Vec<(CacheKey, f32)> {
        let Some(index) = self.index(space) else {
            return Vec::new();
        };
        // A vector that is none has no neighbours.
        let found = read(&index).nearest(vector, floor, limit);
        found.unwrap_or_default()
    }

    /// Returns how many questions a space has.
    pub(super) fn len(&self, space: VectorSpace) -> usize {
        self.index(space).map_or(0, |index| read(&index).len())
    }

    /// Adds a question. One whose vector is none is left out.
    pub(super) fn put(&self, space: VectorSpace, key: CacheKey, vector: &[f32]) {
        // Inserts are rare beside searches: the lock is held for all of it, so
        // that no index is dropped that somebody adds to.
        let mut spaces = self.spaces();
        let new = || Arc::new(RwLock::new(VectorIndex::new(vector.len())));
        let index = Arc::clone(spaces.entry(space).or_insert_with(new));
        let _ = write(&index).insert(key, vector);
        drop_if_empty(&mut spaces, space, &index);
        drop(spaces);
        renew(&index);
    }

    /// Takes a question out.
    pub(super) fn forget(&self, space: VectorSpace, key: CacheKey) {
        let mut spaces = self.spaces();
        let Some(index) = spaces.get(&space).cloned() else {
            return;
        };
        write(&index).remove(&key);
        drop_if_empty(&mut spaces, space, &index);
        drop(spaces);
        renew(&index);
    }

    fn index(&self, space: VectorSpace) -> Option<Arc<Index>> {
        self.spaces().get(&space).cloned()
    }

    fn spaces(&self) -> MutexGuard<'_, HashMap<VectorSpace, Arc<Index>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_if_empty(spaces: &mut HashMap<VectorSpace, Arc<Index>>, space: VectorSpace, index: &Index) {
    if read(index).is_empty() {
        spaces.remove(&space);
    }
}

/// Has a large index made anew where that is due, on a thread that may block.
fn renew(index: &Arc<Index>) {
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    let Some(rebuild) = write(index).rebuild() else {
        return;
    };
    let index = Arc::clone(index);
    runtime.spawn_blocking(move || {
        let rebuilt = rebuild.run();
        let retired = write(&index).install(rebuilt);
        // It may take a while, and nobody waits for it here.
        drop(retired);
    });
}

fn read(index: &Index) -> RwLockReadGuard<'_, VectorIndex<CacheKey>> {
    index.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(index: &Index) -> RwLockWriteGuard<'_, VectorIndex<CacheKey>> {
    index.write().unwrap_or_else(PoisonError::into_inner)
}
