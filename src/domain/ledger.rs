//! The record of every call.

use std::time::Duration;

use jiff::Timestamp;

use super::{CacheOutcome, Caller, Cost, ErrorKind, RequestId, Target, Usage};

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
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// The call.
    pub request_id: RequestId,
    /// The attempt's number within the call, from 0.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// Who called.
    pub caller: Caller,
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
    pub possible_cost: super::NanoUsd,
    /// How long it took.
    pub latency: Duration,
    /// The cache's part.
    pub cache: CacheOutcome,
}
