//! What many ledger lines come to.

use jiff::Timestamp;

use super::{Caller, Latencies, ModelId, NanoUsd, ProviderName, TokenUsage};

/// Which lines to add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// From this moment on, cut to the minute.
    pub from: Timestamp,
    /// Until before this moment.
    pub to: Timestamp,
    /// Only what this caller did; `None` takes everybody.
    pub caller: Option<Caller>,
}

/// What a vendor's model did, or what became of calls.
#[derive(Clone, Debug, Default)]
pub struct UsageSums {
    /// The model and who serves it; `None` for the sums over calls.
    pub model: Option<(ProviderName, ModelId)>,
    /// How many: attempts at a model, or calls.
    pub count: u64,
    /// How many of them were answered.
    pub answered: u64,
    /// How many failed.
    pub failed: u64,
    /// Calls that a rate or a budget refused; they have failed too.
    pub limited: u64,
    /// Calls answered from the cache, exactly and by meaning.
    pub hits: u64,
    /// Calls that were looked up in the cache in vain.
    pub misses: u64,
    /// Tokens by class.
    pub tokens: TokenUsage,
    /// What is certain to be billed.
    pub cost: NanoUsd,
    /// What may be billed beyond that.
    pub possible_cost: NanoUsd,
    /// The least and the most that one answered attempt or call cost.
    pub cost_extremes: Option<(NanoUsd, NanoUsd)>,
    /// What hits would have cost.
    pub saved: NanoUsd,
    /// Attempts whose price is not known.
    pub unpriced: u64,
    /// Attempts whose tokens are an estimate.
    pub estimated: u64,
    /// How long what was answered took.
    pub latencies: Latencies,
}
