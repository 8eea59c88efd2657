//! Reports that see what has reached its caller.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::timeout;

use super::queue::LedgerQueue;
use crate::domain::{
    BudgetPeriod, Caller, NanoUsd, StoreError, StoreState, UsageQuery, UsageStore, UsageSums,
};

/// How long a report waits for the latest lines (chosen: what calls wait for
/// a store).
const CATCH_UP: Duration = Duration::from_millis(250);

/// A store's reports, for which the lines that wait for it are written first.
pub struct FreshUsage {
    queue: Arc<LedgerQueue>,
    store: Arc<dyn UsageStore>,
}

impl FreshUsage {
    /// Takes a store and the queue in front of it.
    pub const fn new(queue: Arc<LedgerQueue>, store: Arc<dyn UsageStore>) -> Self {
        Self { queue, store }
    }

    /// A report without the latest lines is better than none.
    async fn catch_up(&self) {
        let _ = timeout(CATCH_UP, self.queue.catch_up()).await;
    }
}

#[async_trait]
impl UsageStore for FreshUsage {
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageSums>, StoreError> {
        self.catch_up().await;
        self.store.usage(query).await
    }

    async fn callers(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Caller, UsageSums)>, StoreError> {
        self.catch_up().await;
        self.store.callers(from, to).await
    }

    async fn spent(&self, now: Timestamp) -> Result<Vec<(BudgetPeriod, NanoUsd)>, StoreError> {
        self.store.spent(now).await
    }

    fn state(&self) -> StoreState {
        self.store.state()
    }
}
