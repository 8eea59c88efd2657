//! The exact tier: answers by scope and key, bounded in bytes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use moka::notification::RemovalCause;
use moka::sync::Cache;

use super::answer::Entry;
use crate::domain::{CacheKey, CacheScope};

/// How long an answer that other processes may replace is served before the
/// store is asked again, in seconds.
const FRESH_S: i64 = 60;

/// Answers at hand.
pub(super) struct Answers {
    entries: Cache<(CacheScope, CacheKey), Held>,
    /// Other processes may replace what is kept here.
    is_shared: bool,
}

#[derive(Clone)]
struct Held {
    entry: Arc<Entry>,
    fresh_until: Timestamp,
}

impl Answers {
    /// Makes room for `max_bytes`. `gone` is told of what was dropped to make
    /// room or was forgotten.
    pub(super) fn new(
        max_bytes: u64,
        is_shared: bool,
        gone: impl Fn(&Entry, bool) + Send + Sync + 'static,
    ) -> Self {
        let entries = Cache::builder()
            .max_capacity(max_bytes)
            .weigher(|_, held: &Held| u32::try_from(held.entry.bytes()).unwrap_or(u32::MAX))
            .eviction_listener(move |_, held: Held, cause| {
                if cause != RemovalCause::Replaced {
                    gone(&held.entry, cause == RemovalCause::Size);
                }
            })
            .build();
        Self { entries, is_shared }
    }

    /// Tells whether other processes may replace what is kept here.
    pub(super) const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Finds what is still an answer at `now`.
    pub(super) fn find(&self, place: (CacheScope, CacheKey), now: Timestamp) -> Option<Arc<Entry>> {
        let held = self.entries.get(&place)?;
        if held.entry.expires_at <= now {
            self.entries.invalidate(&place);
            return None;
        }
        (held.fresh_until > now).then_some(held.entry)
    }

    /// Finds it, however long ago the store was asked.
    pub(super) fn peek(&self, place: (CacheScope, CacheKey)) -> Option<Arc<Entry>> {
        self.entries.get(&place).map(|held| held.entry)
    }

    /// Keeps an answer in place of an older one.
    pub(super) fn put(&self, entry: Arc<Entry>, now: Timestamp) {
        let fresh_until = if self.is_shared {
            now.saturating_add(SignedDuration::from_secs(FRESH_S))
                .unwrap_or(entry.expires_at)
        } else {
            Timestamp::MAX
        };
        let place = (entry.scope, entry.key);
        self.entries.insert(place, Held { entry, fresh_until });
    }

    pub(super) fn forget(&self, place: (CacheScope, CacheKey)) {
        self.entries.invalidate(&place);
    }

    /// Lists what `is_meant`. Walks through everything.
    pub(super) fn list(&self, is_meant: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
        let held = self.entries.iter().map(|(_, held)| held.entry);
        held.filter(|entry| is_meant(entry)).collect()
    }

    /// Does the housekeeping that is due.
    pub(super) fn tidy(&self, now: Timestamp) {
        let over = self
            .entries
            .iter()
            .filter(|(_, held)| held.entry.expires_at <= now);
        let over: Vec<_> = over.map(|(place, _)| *place).collect();
        for place in over {
            self.entries.invalidate(&place);
        }
        self.entries.run_pending_tasks();
    }

    /// Returns how many there are, and about how many bytes they take.
    pub(super) fn size(&self) -> (u64, u64) {
        (self.entries.entry_count(), self.entries.weighted_size())
    }
}
