//! State that lives as long as the process.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use super::rollup::{RollUps, absorb};
use crate::domain::{
    BudgetPeriod, Caller, Ledger, LedgerEntry, NanoUsd, StoreError, StoreState, UsageQuery,
    UsageStore, UsageSums,
};

/// A ledger of the latest entries; older ones are forgotten.
#[derive(Debug)]
pub struct MemoryLedger {
    capacity: usize,
    entries: Mutex<VecDeque<LedgerEntry>>,
}

impl MemoryLedger {
    /// Makes a ledger of at most `capacity` entries (about 300 bytes each).
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Mutex::default(),
        }
    }

    /// Copies the entries, oldest first.
    pub fn entries(&self) -> Vec<LedgerEntry> {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}

impl Ledger for MemoryLedger {
    fn record(&self, entry: LedgerEntry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.capacity {
            entries.pop_front();
        }
        if self.capacity > 0 {
            entries.push_back(entry);
        }
    }
}

#[async_trait]
impl UsageStore for MemoryLedger {
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageSums>, StoreError> {
        let entries = self.entries();
        let wanted = entries.iter().filter(|entry| {
            let is_in_time =
                (query.from..query.to).contains(&entry.started_at) || entry.started_at == query.to;
            let of_caller = query.caller.as_ref();
            is_in_time && of_caller.is_none_or(|caller| *caller == entry.caller)
        });
        Ok(RollUps::of(wanted).by_model())
    }

    async fn callers(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Caller, UsageSums)>, StoreError> {
        let mut names: Vec<Caller> = self.entries().into_iter().map(|it| it.caller).collect();
        names.sort();
        names.dedup();
        let mut callers = Vec::new();
        for name in names {
            let caller = Some(name.clone());
            let query = UsageQuery { from, to, caller };
            let mut sum = UsageSums::default();
            for mut row in self.usage(&query).await? {
                if row.model.is_some() {
                    (row.count, row.answered, row.failed) = (0, 0, 0);
                }
                absorb(&mut sum, &row);
            }
            callers.push((name, sum));
        }
        callers.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.cost));
        Ok(callers)
    }

    async fn spent(&self, _: Timestamp) -> Result<Vec<(BudgetPeriod, NanoUsd)>, StoreError> {
        Ok(Vec::new())
    }

    fn state(&self) -> StoreState {
        StoreState {
            kind: "memory",
            ..StoreState::default()
        }
    }
}
