//! What no store took.

use serde_json::{Value, json};

use super::codec;
use super::rollup::RollUpKey;
use crate::domain::{Caller, Cost, LedgerEntry, NanoUsd, UsageSource, UsageSums};

/// Something that is missing from the ledger. Its JSON line in the log is the
/// last place where it is written down.
#[derive(Clone, Debug)]
pub enum LedgerGap {
    /// A line.
    Entry(Box<LedgerEntry>),
    /// Sums of lines that a minute's calls of a caller came to.
    Sums(Box<(RollUpKey, UsageSums)>),
}

impl LedgerGap {
    /// Writes it as one JSON object, without a word of prompt or answer.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Entry(entry) => entry_to_json(entry),
            Self::Sums(sums) => sums_to_json(&sums.0, &sums.1),
        }
    }
}

fn entry_to_json(entry: &LedgerEntry) -> Value {
    let target = entry.target.as_ref();
    let tokens = &entry.usage.tokens;
    json!({
        "event": "ledger_gap",
        "request_id": entry.id.request.to_string(),
        "attempt": entry.id.attempt,
        "started_at": entry.started_at.to_string(),
        "caller": entry.caller.as_str(),
        "provider": target.map(|target| target.provider.as_str()),
        "model": target.map(|target| target.model.as_str()),
        "outcome": codec::outcome_name(entry.outcome),
        "input_tokens": tokens.total_input(),
        "output_tokens": tokens.total_output(),
        "estimated": entry.usage.source == UsageSource::Estimated,
        "cost_nano_usd": match entry.cost {
            Cost::Priced { amount, .. } => Some(amount.nanos()),
            Cost::Unpriced => None,
        },
        "possible_cost_nano_usd": entry.possible_cost.nanos(),
        "latency_ms": entry.latency.as_millis() as u64,
    })
}

fn sums_to_json(key: &RollUpKey, sums: &UsageSums) -> Value {
    let (provider, model) = key
        .model
        .as_ref()
        .map_or((None, None), |(provider, model)| {
            (Some(provider.as_str()), Some(model.as_str()))
        });
    json!({
        "event": "ledger_gap",
        "minute": codec::instant_of_second(key.start).to_string(),
        "caller": key.caller.as_ref().map(Caller::as_str),
        "provider": provider,
        "model": model,
        "count": sums.count,
        "answered": sums.answered,
        "failed": sums.failed,
        "input_tokens": sums.tokens.total_input(),
        "output_tokens": sums.tokens.total_output(),
        "cost_nano_usd": sums.cost.nanos(),
        "possible_cost_nano_usd": NanoUsd::nanos(sums.possible_cost),
    })
}
