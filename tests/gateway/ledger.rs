//! A ledger that never waits, so that it works while time stands still.

use std::collections::HashMap;
use std::sync::Mutex;

use ai_gateway::domain::{
    BudgetPeriod, Caller, Ledger, LedgerEntry, ModelId, NanoUsd, ProviderName, StoreError,
    StoreState, UsageQuery, UsageStore, UsageSums,
};
use ai_gateway::stores::{RollUps, absorb};
use async_trait::async_trait;
use jiff::Timestamp;

/// Every entry, oldest first.
#[derive(Debug, Default)]
pub(crate) struct MemoryLedger(Mutex<Vec<LedgerEntry>>);

impl MemoryLedger {
    /// Copies the entries, oldest first.
    pub(crate) fn entries(&self) -> Vec<LedgerEntry> {
        self.0.lock().unwrap().clone()
    }
}

impl Ledger for MemoryLedger {
    fn record(&self, entry: LedgerEntry) {
        self.0.lock().unwrap().push(entry);
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
        let mut sums: HashMap<Option<(ProviderName, ModelId)>, UsageSums> = HashMap::new();
        for (key, row) in RollUps::of(wanted).minutes() {
            absorb(sums.entry(key.model).or_default(), row);
        }
        Ok(sums.into_values().collect())
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
