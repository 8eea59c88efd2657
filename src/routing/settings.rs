//! What the router weighs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Effort;

/// Settings of the router (`routing` in `gateway.yaml`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Weights of a request that asks for nothing special.
    pub weights: WeightSettings,
    /// The costs between which the cost term falls from 1 to 0, and on as
    /// steeply to −1, in USD a call. Fixed, never the extremes of the
    /// candidates: with those, an irrelevant model that comes or goes could
    /// swap two others.
    pub cost_scale_usd: Scale,
    /// The latencies between which the latency term falls likewise, in
    /// seconds.
    pub latency_scale_seconds: Scale,
    /// The highest effort that `auto` chooses by itself; higher ones rarely
    /// fit a 50 s timeout.
    pub max_auto_effort: Effort,
    /// Visible output expected of a call before anything was measured, in
    /// tokens, `1..=1_000_000`. Never more than the caller's `max_tokens`.
    pub expected_output_tokens: u32,
    /// The share of `auto` calls, 0 to 0.2, that may go to another than the
    /// best target to learn about it, if it is nearly as good.
    pub exploration_share: f64,
    /// What to try, in order, when the named model (canonical `provider/id`)
    /// fails and failover is on; after these, the best of the rest.
    pub fallbacks: BTreeMap<String, Vec<String>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            weights: WeightSettings::default(),
            cost_scale_usd: Scale {
                low: 0.000_01,
                high: 0.10,
            },
            latency_scale_seconds: Scale {
                low: 0.2,
                high: 60.0,
            },
            max_auto_effort: Effort::Medium,
            expected_output_tokens: 350,
            exploration_share: 0.05,
            fallbacks: BTreeMap::new(),
        }
    }
}

/// Weights of the utility's terms; any scale, none negative, not all zero.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeightSettings {
    /// Weight of expected quality.
    pub quality: f64,
    /// Weight of low cost.
    pub cost: f64,
    /// Weight of low latency.
    pub latency: f64,
    /// Weight of the chance that the call succeeds.
    pub reliability: f64,
}

impl Default for WeightSettings {
    fn default() -> Self {
        Self {
            quality: 0.5,
            cost: 0.2,
            latency: 0.2,
            reliability: 0.1,
        }
    }
}

/// Two ends of a logarithmic scale, `0 < low < high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Where the term is 1.
    pub low: f64,
    /// Where the term is 0; beyond it is below.
    pub high: f64,
}
