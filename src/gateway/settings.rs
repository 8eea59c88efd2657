//! How long and how often the gateway tries.

use serde::{Deserialize, Serialize};

/// Settings of the pipeline (`gateway` in `gateway.yaml`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long a caller waits who names no `timeout_ms`, all attempts
    /// together, in milliseconds, `1..=600_000`.
    pub default_timeout_ms: u64,
    /// The most attempts of one call, all targets together, `1..=16`.
    pub max_attempts: u32,
    /// The most calls in flight, `1..=1_000_000`; beyond it,
    /// `gateway_overloaded`.
    pub max_in_flight: usize,
    /// The most calls under way at one provider, `1..=1_000_000`; beyond it,
    /// others are asked, or a short queue forms.
    pub max_in_flight_per_provider: usize,
    /// Whether a `low_latency` call asks a second provider when the first
    /// takes longer than usual.
    pub hedging: bool,
    /// How long a call with an idempotency key goes on after its caller's
    /// time, in milliseconds, `0..=600_000`.
    pub idempotency_run_on_ms: u64,
    /// How long its answer is kept, in milliseconds, `0..=86_400_000`.
    pub idempotency_keep_ms: u64,
    /// The most such calls under way or kept, `1..=100_000`; one caller may
    /// have an eighth of them under way.
    pub idempotency_max_calls: usize,
    /// Whether the audit lines of calls hold the last prompt and the answer,
    /// 2,000 characters of each.
    pub audit_prompts: bool,
    /// How often an idle vendor is asked for its model list, in
    /// milliseconds, `30_000..=86_400_000`, or 0 for never.
    pub probe_interval_ms: u64,
    /// How long that question may take, in milliseconds, `1..=60_000`.
    pub probe_timeout_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // 60 s is the shortest limit among common MCP clients.
            default_timeout_ms: 50_000,
            // One vendor down and the others failing 5 %: three healthy
            // tries leave 0.0125 % unanswered, two would leave 0.25 %.
            max_attempts: 4,
            max_in_flight: 512,
            max_in_flight_per_provider: 256,
            hedging: false,
            idempotency_run_on_ms: 120_000,
            idempotency_keep_ms: 600_000,
            idempotency_max_calls: 1_000,
            audit_prompts: false,
            probe_interval_ms: 60_000,
            probe_timeout_ms: 5_000,
        }
    }
}
