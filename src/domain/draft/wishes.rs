//! What a caller asks of routing and cache, as every door takes it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::faults::Faults;
use super::lists::providers;
use super::whole_number;
use crate::domain::{CacheMode, NanoUsd, Ratio, Requirements, TaskLabel, Weights};

/// What is asked of the routing (`requirements`), as it was sent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wishes {
    /// Weigh speed three times as much.
    pub low_latency: Option<bool>,
    /// Weigh price three times as much.
    pub low_cost: Option<bool>,
    /// Weigh quality three times as much.
    pub high_quality: Option<bool>,
    /// Replaces all weights; any scale, 0 or more each.
    pub weights: Option<WishedWeights>,
    /// The kind of work, if known.
    pub task_type: Option<TaskLabel>,
    /// Refuse models expected to cost more, in USD.
    pub max_cost_usd: Option<f64>,
    /// Refuse models expected to take longer, in milliseconds.
    #[serde(default, deserialize_with = "whole_number")]
    pub max_latency_ms: Option<u64>,
    /// Refuse models expected to be worse.
    #[schemars(range(min = 0, max = 1))]
    pub min_quality: Option<f64>,
    /// Only these providers may see the prompt: openai, anthropic, google, mistral, groq, local.
    #[schemars(length(max = 16))]
    pub providers: Option<Vec<String>>,
    /// Same as the argument of that name.
    pub cache_enabled: Option<bool>,
    /// Raises the least confidence of cache hits by meaning.
    #[schemars(range(min = 0, max = 1))]
    pub cache_min_confidence: Option<f64>,
    /// Oldest stored answer, in seconds.
    #[serde(default, deserialize_with = "whole_number")]
    pub cache_max_age_seconds: Option<u64>,
    /// Whether other models may answer when the chosen one fails. Default: true for "auto", else false.
    pub failover_enabled: Option<bool>,
}

/// The weights of the routing, as they were sent.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "descriptions would cost every client tokens")]
pub struct WishedWeights {
    pub quality: Option<f64>,
    pub cost: Option<f64>,
    pub latency: Option<f64>,
    pub reliability: Option<f64>,
}

/// How the cache shall take part, where it does (`cache_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "descriptions would cost every client tokens")]
pub enum CacheWish {
    Auto,
    Exact,
    Refresh,
}

impl CacheWish {
    /// Returns the mode of a call whose caller may have switched the cache
    /// off altogether, in either place.
    pub fn mode(wish: Option<Self>, is_enabled: Option<bool>, wishes: &Wishes) -> CacheMode {
        if is_enabled == Some(false) || wishes.cache_enabled == Some(false) {
            return CacheMode::Bypass;
        }
        match wish {
            None | Some(Self::Auto) => CacheMode::Auto,
            Some(Self::Exact) => CacheMode::Exact,
            Some(Self::Refresh) => CacheMode::Refresh,
        }
    }
}

impl Wishes {
    pub(super) fn check(self, faults: &mut Faults) -> Requirements {
        let weights = self.weights.map(Weights::from).filter(|weights| {
            let is_usable = weights.normalised().is_some();
            if !is_usable {
                let reason = "must be 0 or more each and not all 0";
                faults.add("requirements.weights", reason);
            }
            is_usable
        });
        let max_cost = self.max_cost_usd.and_then(|usd| {
            let amount = NanoUsd::try_from_usd(usd).filter(|_| usd > 0.0);
            if amount.is_none() {
                faults.add("requirements.max_cost_usd", format!("{usd} is not above 0"));
            }
            amount
        });
        if self.max_latency_ms == Some(0) {
            faults.add("requirements.max_latency_ms", "0 is not 1 or more");
        }
        Requirements {
            low_latency: self.low_latency == Some(true),
            low_cost: self.low_cost == Some(true),
            high_quality: self.high_quality == Some(true),
            weights,
            task: self.task_type,
            max_cost,
            max_latency: self.max_latency_ms.map(Duration::from_millis),
            min_quality: faults.take(
                "requirements.min_quality",
                self.min_quality,
                Ratio::try_from,
            ),
            providers: providers(faults, self.providers.unwrap_or_default()),
            failover: self.failover_enabled,
            cache_min_confidence: faults.take(
                "requirements.cache_min_confidence",
                self.cache_min_confidence,
                Ratio::try_from,
            ),
            cache_max_age: self.cache_max_age_seconds.map(Duration::from_secs),
        }
    }
}

impl From<WishedWeights> for Weights {
    fn from(weights: WishedWeights) -> Self {
        Self {
            quality: weights.quality.unwrap_or(0.0),
            cost: weights.cost.unwrap_or(0.0),
            latency: weights.latency.unwrap_or(0.0),
            reliability: weights.reliability.unwrap_or(0.0),
        }
    }
}
