//! Counts what is set aside and not yet settled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ai_gateway::domain::{Clock, Draw, Grant, Hold, LimitRefusal, LimitStore, Settlement};
use ai_gateway::limit::LocalLimits;
use async_trait::async_trait;

pub(crate) struct CountedHolds {
    limits: LocalLimits,
    open: AtomicUsize,
}

impl CountedHolds {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            limits: LocalLimits::new(clock),
            open: AtomicUsize::new(0),
        }
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl LimitStore for CountedHolds {
    async fn take(&self, draws: &[Draw]) -> Result<Option<u64>, LimitRefusal> {
        self.limits.take(draws).await
    }

    async fn reserve(&self, hold: &Hold) -> Result<Grant, LimitRefusal> {
        let grant = self.limits.reserve(hold).await?;
        self.open.fetch_add(1, Ordering::Relaxed);
        Ok(grant)
    }

    fn settle(&self, settlement: Settlement) {
        self.limits.settle(settlement);
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}
