//! The record of every call.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    AttemptId, BudgetPeriod, CacheOutcome, Caller, Cost, ErrorKind, NanoUsd, Target, Usage,
};

/// How a recorded attempt or call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered,
    /// It failed.
    Failed(ErrorKind),
    /// The caller left.
    Abandoned,
}

/// One line of the ledger: an attempt that reached a vendor, or a call that
/// ended without one.
///
/// A call whose last attempt answered it ends with that attempt's line. Any
/// other call has a line of its own after those of its attempts, without
/// target, usage or cost.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// The attempt; two lines never share one.
    pub id: AttemptId,
    /// When it began.
    pub started_at: Timestamp,
    /// Who called.
    pub caller: Caller,
    /// The caller's group at that time.
    pub group: Option<Arc<str>>,
    /// Who was asked; `None` if nobody was.
    pub target: Option<Target>,
    /// How it ended.
    pub outcome: Outcome,
    /// Tokens used.
    pub usage: Usage,
    /// What it cost for certain.
    pub cost: Cost,
    /// What it may have cost beyond that: the vendor may bill an attempt
    /// that timed out.
    pub possible_cost: NanoUsd,
    /// How long it took.
    pub latency: Duration,
    /// The cache's part.
    pub cache: CacheOutcome,
    /// The budgets that it counts against.
    pub budgets: Arc<[BudgetPeriod]>,
    /// How long the call took, on the line that ends it.
    pub call_latency: Option<Duration>,
}

impl LedgerEntry {
    /// Tells whether the line ends its call.
    pub const fn ends_call(&self) -> bool {
        self.call_latency.is_some()
    }
}
