//! What the store has and memory has not, or had too long ago.

use std::sync::Arc;

use jiff::Timestamp;

use super::Cache;
use super::answer::Entry;
use crate::domain::{CacheKey, CacheScope, NearestSearch};

impl Cache {
    /// Asks the store, where others may have put the answer there, or this
    /// process has not read all of it yet. What changes in memory meanwhile
    /// is newer than what is read; else the store is right, for the clocks of
    /// those who wrote there may differ.
    pub(super) async fn fetch(
        &self,
        place: (CacheScope, CacheKey),
        now: Timestamp,
    ) -> Option<Arc<Entry>> {
        if !self.answers.is_shared() && self.keeper.has_read() {
            return None;
        }
        let store = self.store.as_ref()?;
        let (before, was_waiting) = (self.answers.peek(place), self.keeper.is_keeping(place));
        let read = store.find(place.0, place.1, now).await;
        let held = self.answers.peek(place);
        let is_live = |entry: &Arc<Entry>| entry.expires_at > now;
        let Ok(read) = read else {
            // An old copy is still an answer while nobody knows better.
            return held.filter(is_live);
        };
        let is_unchanged = before.as_ref().map(Arc::as_ptr) == held.as_ref().map(Arc::as_ptr);
        let read = read.and_then(|stored| Entry::from_stored(&stored));
        match (read, held) {
            // It was made here and waits to be stored, or has changed since.
            (_, Some(held)) if was_waiting || self.keeper.is_keeping(place) => {
                Some(held).filter(is_live)
            }
            (Some(read), Some(held)) if !is_unchanged && held.stored_at >= read.stored_at => {
                Some(held).filter(is_live)
            }
            (None, Some(held)) if !is_unchanged => Some(held).filter(is_live),
            // It was forgotten meanwhile.
            (_, None) if !is_unchanged => None,
            (Some(read), _) => {
                let read = Arc::new(read);
                self.put_read(&read, now).then_some(read)
            }
            (None, _) => {
                self.answers.forget(place);
                None
            }
        }
    }

    /// Puts what the store had in its place. Returns false if its owner has
    /// left meanwhile.
    pub(super) fn put_read(&self, read: &Arc<Entry>, now: Timestamp) -> bool {
        self.answers.put(Arc::clone(read), now);
        let has_left = self.keeper.has_left(&read.owner);
        if has_left {
            self.answers.forget((read.scope, read.key));
        }
        !has_left
    }

    /// Returns an answer that was found by its vector in the state that it has
    /// now; `None` if there is none or another in its place. Where processes
    /// share a store that has no search of its own, what was found is a copy
    /// in memory that may be old.
    pub(super) async fn current(&self, found: &Arc<Entry>) -> Option<Arc<Entry>> {
        if self.search() != NearestSearch::Missing {
            return Some(Arc::clone(found));
        }
        let (place, now) = ((found.scope, found.key), self.clock.now());
        let entry = match self.answers.find(place, now) {
            Some(entry) => entry,
            None => self.fetch(place, now).await?,
        };
        (entry.stored_at == found.stored_at).then_some(entry)
    }
}
