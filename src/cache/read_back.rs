//! What an earlier process left.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Cache;
use super::answer::Entry;
use crate::domain::{
    CacheKey, CacheScope, CacheStore, EmbedderState, NearestSearch, StoredVector, WalkMark,
};

/// When to ask an embedder again that is busy or starts.
pub(super) const TRY_EVERY: Duration = Duration::from_millis(50);
/// How many answers are read at once.
const PAGE: u32 = 200;

impl Cache {
    /// Brings into memory what an earlier process left, the latest first, as
    /// far as there is room; then makes the vectors that are missing.
    pub(super) async fn read_back(&self) {
        let store = self.store.as_ref();
        let owned = store.filter(|store| store.nearest_search() == NearestSearch::Owner);
        let bare = match owned {
            Some(store) => self.read_all(&**store).await,
            None => Vec::new(),
        };
        self.keeper.all_is_read();
        if self.verifier.is_some() {
            self.embed_again(bare).await;
        }
    }

    /// Returns the questions whose vectors cannot be compared with new ones.
    async fn read_all(&self, store: &dyn CacheStore) -> Vec<(CacheScope, CacheKey)> {
        let mut bare = Vec::new();
        let (mut mark, mut bytes, mut count) = (None, 0_u64, 0_u64);
        while bytes < self.settings.max_bytes {
            let now = self.clock.now();
            let page = match store.walk(mark, PAGE, now).await {
                Ok(page) => page,
                Err(fault) => {
                    tracing::warn!(%fault, "stored answers were not all read");
                    break;
                }
            };
            let Some(last) = page.last() else {
                break;
            };
            mark = Some(WalkMark {
                stored_at: last.stored_at,
                scope: last.scope,
                key: last.key,
            });
            for stored in &page {
                let Some(entry) = Entry::from_stored(stored) else {
                    continue;
                };
                let entry = Arc::new(entry);
                bytes = bytes.saturating_add(entry.bytes() as u64);
                if self.take_back(&entry) {
                    count += 1;
                    if !self.place_again(&entry, stored.vector.as_ref()) {
                        bare.push((entry.scope, entry.key));
                    }
                }
            }
            tokio::task::yield_now().await;
        }
        if count > 0 {
            tracing::info!(count, "stored answers read");
        }
        bare
    }

    /// Puts an entry in its place, unless a newer one is there or its owner
    /// has left.
    fn take_back(&self, entry: &Arc<Entry>) -> bool {
        let is_free = self.answers.peek((entry.scope, entry.key)).is_none();
        is_free && self.put_read(entry, self.clock.now())
    }

    /// Returns false if a question needs another vector: another embedder made
    /// its own, or none did.
    fn place_again(&self, entry: &Entry, vector: Option<&StoredVector>) -> bool {
        let space = self.space(entry.scope);
        match vector.filter(|vector| vector.space == space) {
            Some(vector) => self.place(entry, &vector.values),
            None => return entry.prompt.is_none(),
        }
        true
    }

    /// Makes vectors, one after the other: all at once would take the place
    /// of answers that wait to be stored, and the embedder from who asks.
    async fn embed_again(&self, bare: Vec<(CacheScope, CacheKey)>) {
        if bare.is_empty() {
            return;
        }
        while self.embedder.state() == EmbedderState::Starting {
            sleep(TRY_EVERY).await;
        }
        for place in bare {
            let Some(entry) = self.answers.peek(place) else {
                continue;
            };
            self.give_vector(&entry).await;
        }
    }
}
