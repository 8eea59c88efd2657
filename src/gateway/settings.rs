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
            audit_prompts: false,
            probe_interval_ms: 60_000,
            probe_timeout_ms: 5_000,
        }
    }
}
