//! The exact tier: answers by scope and key, bounded in bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use moka::notification::RemovalCause;
use moka::sync::Cache;

use super::answer::Entry;
use crate::domain::{CacheKey, CacheScope};

/// How long an answer that other processes may replace is served before the
/// store is asked again, in seconds.
const FRESH_S: i64 = 60;

type Place = (CacheScope, CacheKey);

/// Answers at hand.
pub(super) struct Answers {
    entries: Cache<Place, Held>,
    aliases: Aliases,
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
        let aliases = Aliases::default();
        let index = aliases.clone();
        let entries = Cache::builder()
            .max_capacity(max_bytes)
            .weigher(|_, held: &Held| u32::try_from(held.entry.bytes()).unwrap_or(u32::MAX))
            .eviction_listener(move |_, held: Held, cause| {
                index.remove(&held.entry);
                if cause != RemovalCause::Replaced {
                    gone(&held.entry, cause == RemovalCause::Size);
                }
            })
            .build();
        Self {
            entries,
            aliases,
            is_shared,
        }
    }

    /// Tells whether other processes may replace what is kept here.
    pub(super) const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Finds what is still an answer at `now`.
    pub(super) fn find(&self, place: Place, now: Timestamp) -> Option<Arc<Entry>> {
        let held = self.entries.get(&place)?;
        if held.entry.expires_at <= now {
            self.entries.invalidate(&place);
            return None;
        }
        (held.fresh_until > now).then_some(held.entry)
    }

    /// Finds it, however long ago the store was asked.
    pub(super) fn peek(&self, place: Place) -> Option<Arc<Entry>> {
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
        let held = Held {
            entry: Arc::clone(&entry),
            fresh_until,
        };
        self.entries.insert(place, held);
        // After what was there before: it may have been the same alias.
        self.aliases.add(&entry);
    }

    pub(super) fn forget(&self, place: Place) {
        self.entries.invalidate(&place);
    }

    /// Returns the keys that repeat an entry.
    pub(super) fn aliases(&self, (scope, key): Place) -> Vec<CacheKey> {
        let mut keys = self.aliases.of((scope, key));
        // One that was dropped just as it was added is still among them.
        keys.retain(|alias| {
            let held = self.peek((scope, *alias));
            held.is_some_and(|held| held.alias_of == Some(key))
        });
        keys
    }

    /// Forgets what repeats an entry.
    pub(super) fn forget_aliases(&self, place: Place) {
        for alias in self.aliases(place) {
            self.forget((place.0, alias));
        }
    }

    /// Lists what `is_meant`. Walks through everything.
    pub(super) fn list(&self, is_meant: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
        let held = self.entries.iter().map(|(_, held)| held.entry);
        held.filter(|entry| is_meant(entry)).collect()
    }

    /// Does the housekeeping that is due. Walks through everything.
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
        self.aliases
            .forget_strays(|place| self.entries.contains_key(place));
    }

    /// Returns how many there are, and about how many bytes they take.
    pub(super) fn size(&self) -> (u64, u64) {
        (self.entries.entry_count(), self.entries.weighted_size())
    }
}

/// Which keys repeat which entry.
#[derive(Clone, Default)]
struct Aliases(Arc<Mutex<HashMap<Place, Vec<CacheKey>>>>);

impl Aliases {
    fn of(&self, place: Place) -> Vec<CacheKey> {
        self.lock().get(&place).cloned().unwrap_or_default()
    }

    fn add(&self, entry: &Entry) {
        if let Some(of) = entry.alias_of {
            let mut all = self.lock();
            let keys = all.entry((entry.scope, of)).or_default();
            if !keys.contains(&entry.key) {
                keys.push(entry.key);
            }
        }
    }

    fn remove(&self, entry: &Entry) {
        if let Some(of) = entry.alias_of {
            self.forget((entry.scope, of), entry.key);
        }
    }

    fn forget(&self, place: Place, alias: CacheKey) {
        let mut all = self.lock();
        if let Some(keys) = all.get_mut(&place) {
            keys.retain(|key| *key != alias);
            if keys.is_empty() {
                all.remove(&place);
            }
        }
    }

    /// Drops keys of which nothing is held: they went just as they were added.
    fn forget_strays(&self, is_held: impl Fn(&Place) -> bool) {
        let all = self.lock().clone();
        for (place, keys) in all {
            for key in keys.into_iter().filter(|key| !is_held(&(place.0, *key))) {
                self.forget(place, key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Vec<CacheKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
