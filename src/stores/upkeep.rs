//! A store as a whole, and what it needs from time to time.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::queue::LedgerSink;
use crate::domain::{CacheStore, RoutingStore, StoreError, UsageStore};

/// The pause between two rounds of upkeep.
const INTERVAL: Duration = Duration::from_secs(600);
/// The pause before the first round, which keeps it out of the start.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// Everything that outlives a call, in one place.
#[async_trait]
pub trait Store: LedgerSink + UsageStore + CacheStore + RoutingStore {
    /// Removes what is kept no longer, a little at a time so that writers
    /// hardly wait: roll-ups of minutes after two days and of hours after
    /// forty, lines of the ledger after their retention, answers that have
    /// expired or are the oldest of more than there is room for, and periods
    /// of budgets that are long over.
    ///
    /// # Errors
    /// [`StoreError`]; the next round goes on where this one stopped.
    async fn tidy(&self) -> Result<(), StoreError>;

    /// Adds up the roll-ups anew from the ledger, as far back as all of its
    /// lines are there. Writers wait meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]; the roll-ups are as they were.
    async fn rebuild(&self) -> Result<(), StoreError>;

    /// Ends all connections. What is asked of the store afterwards fails.
    async fn close(&self);
}

/// Keeps a store tidy until `stop` is cancelled.
pub async fn keep_tidy(store: &dyn Store, stop: CancellationToken) {
    let rounds = async {
        sleep(FIRST_PAUSE).await;
        loop {
            if let Err(error) = store.tidy().await {
                tracing::warn!(%error, "the store was not tidied");
            }
            sleep(INTERVAL).await;
        }
    };
    let _: Option<()> = stop.run_until_cancelled(rounds).await;
}
