//! What judges say of a stored answer, and what it learns from that.

use std::sync::Arc;

use super::answer::Entry;
use super::trust::{TrustState, WrongShare};
use super::{Cache, Check};
use crate::domain::{CacheKey, StoreError};

/// The most further questions that lead to one entry, and the most that are
/// kept from it.
const MAX_ALIASES: usize = 32;
const MAX_REFUSED: usize = 32;

impl Cache {
    /// Learns from what a judge said of a pair: a near miss that fits is an
    /// exact hit from now on, a hit that does not fit raises the entry's bar.
    /// An answer that was replaced or forgotten since learns nothing. Returns
    /// the state of trust if that has changed.
    pub fn judged(&self, check: &Check, fits: bool) -> Option<(TrustState, WrongShare)> {
        let changed = check.is_hit.then(|| self.trust.judged(!fits)).flatten();
        if self.answers.is_shared() {
            // Only the store knows what others did to the answer.
            self.keeper.judged(check.clone(), fits);
            return changed;
        }
        let held = self.answers.peek((check.entry.scope, check.entry.key));
        let meant = held.filter(|held| held.stored_at == check.entry.stored_at);
        if let Some(learned) = meant.and_then(|entry| self.learn(&entry, check, fits)) {
            self.keeper.learned((learned.scope, learned.key));
        }
        changed
    }

    /// Does what a verdict says to an answer as the store has it, with what
    /// was said of it here and waits to be stored.
    pub(super) async fn learn_stored(&self, check: &Check, fits: bool) -> Result<(), StoreError> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let (scope, key) = (check.entry.scope, check.entry.key);
        let stored = store.find(scope, key, self.clock.now()).await?;
        let is_meant = |entry: &Entry| entry.stored_at == check.entry.stored_at;
        let entry = stored.and_then(|stored| Entry::from_stored(&stored));
        let Some(mut entry) = entry.filter(is_meant) else {
            return Ok(());
        };
        let held = self.answers.peek((scope, key));
        if let Some(held) = held.filter(|held| is_meant(held)) {
            entry.bar = entry.bar.max(held.bar);
            held.refused.iter().for_each(|key| entry.refuse(*key));
        }
        match self.learn(&Arc::new(entry), check, fits) {
            Some(learned) => self.put(&learned, None).await,
            None => Ok(()),
        }
    }

    /// Changes memory by a verdict. Returns what is to be stored.
    fn learn(&self, entry: &Arc<Entry>, check: &Check, fits: bool) -> Option<Arc<Entry>> {
        let learned = if fits {
            self.alias(entry, check.key)?
        } else {
            self.stricter(entry, check)
        };
        let learned = Arc::new(learned);
        self.answers.put(Arc::clone(&learned), self.clock.now());
        Some(learned)
    }

    /// Repeats an entry under another key, where there is room.
    fn alias(&self, entry: &Entry, key: CacheKey) -> Option<Entry> {
        let now = self.clock.now();
        let held = self.answers.peek((entry.scope, key));
        // A near miss was asked of a model: that answer is the question's own.
        let has_own = held.is_some_and(|held| held.alias_of.is_none() && held.expires_at > now);
        if has_own || key == entry.key || self.is_full(entry) {
            return None;
        }
        Some(Entry {
            key,
            alias_of: Some(entry.key),
            prompt: None,
            ..entry.clone()
        })
    }

    fn is_full(&self, entry: &Entry) -> bool {
        self.answers.aliases((entry.scope, entry.key)).len() >= MAX_ALIASES
    }

    /// Keeps an entry from a question.
    fn stricter(&self, entry: &Entry, check: &Check) -> Entry {
        let alias = self.answers.peek((entry.scope, check.key));
        if alias.is_some_and(|alias| alias.alias_of == Some(entry.key)) {
            self.evict((entry.scope, check.key));
        }
        let mut stricter = entry.clone();
        if check.is_hit {
            stricter.bar = stricter.bar.max(check.confidence);
        }
        stricter.refuse(check.key);
        stricter
    }
}

impl Entry {
    /// Takes note of a question that it is the wrong answer to; of too many
    /// the latest stay.
    fn refuse(&mut self, key: CacheKey) {
        if self.refused.contains(&key) {
            return;
        }
        if self.refused.len() >= MAX_REFUSED {
            self.refused.remove(0);
        }
        self.refused.push(key);
    }
}
