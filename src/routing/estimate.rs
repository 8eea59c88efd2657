//! What to expect of a target for a request.

use std::time::Duration;

use jiff::Timestamp;

use super::facts::Facts;
use crate::domain::{Effort, ModelId, ModelSpec, NanoUsd, PicoUsdPerToken, ProviderName};

/// What is expected of one target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Quality of the answer, 0 to 1.
    pub quality: f64,
    /// What the call costs; `None` if the model has no price.
    pub cost: Option<NanoUsd>,
    /// Time to the whole answer.
    pub latency: Duration,
    /// Time to the first visible piece.
    pub to_first: Duration,
    /// The chance that the call succeeds, 0 to 1.
    pub reliability: f64,
    /// True if its provider answers nothing at the moment, so that it is
    /// asked after all others.
    pub is_down: bool,
}

/// Says what to expect; the part of the router that may learn.
pub trait Estimator {
    /// Estimates a call of `spec` at each of `efforts`, in their order;
    /// `None` where nothing at all is known.
    fn estimate(
        &self,
        facts: &Facts<'_>,
        spec: &ModelSpec,
        efforts: &[Option<Effort>],
    ) -> Vec<Option<Estimate>>;
}

/// What recent calls say about a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetHealth {
    /// The chance that a call succeeds, 0 to 1.
    pub reliability: f64,
    /// How much slower than its prior the target has been; 1 if unknown.
    pub latency_factor: f64,
    /// True if its provider answers nothing at the moment.
    pub is_down: bool,
}

impl TargetHealth {
    /// Nothing was seen yet: (0 + 9) successes of (0 + 10).
    pub const UNKNOWN: Self = Self {
        reliability: 0.9,
        latency_factor: 1.0,
        is_down: false,
    };
}

/// Tells how targets have been doing lately.
pub trait Health {
    /// Returns what recent calls say about a model. Never changes anything.
    fn of(&self, provider: &ProviderName, model: &ModelId) -> TargetHealth;
}

/// What fresh input and output cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshRates {
    /// Input that no cache holds.
    pub input: PicoUsdPerToken,
    /// Output, hidden reasoning included.
    pub output: PicoUsdPerToken,
}

impl FreshRates {
    fn cost(self, input: u64, output: u64) -> NanoUsd {
        let picos = self.input.of(input).saturating_add(self.output.of(output));
        NanoUsd::from_picos(picos)
    }
}

/// Tells what calls cost.
pub trait Prices {
    /// Returns the rates of a call that begins `at` with this much input, in
    /// tokens; `None` if the model has no price.
    fn fresh(&self, spec: &ModelSpec, input: u64, at: Timestamp) -> Option<FreshRates>;
}

/// Estimates from published priors, today's prices and recent health.
pub struct PriorEstimator<'a> {
    /// Today's prices.
    pub prices: &'a dyn Prices,
    /// Recent health.
    pub health: &'a dyn Health,
    /// Visible output to expect, in tokens.
    pub expected_output_tokens: u32,
}

impl Estimator for PriorEstimator<'_> {
    // Prices and health are those of the model, so each is looked up once
    // for all efforts: the look-ups are most of what ranking costs.
    fn estimate(
        &self,
        facts: &Facts<'_>,
        spec: &ModelSpec,
        efforts: &[Option<Effort>],
    ) -> Vec<Option<Estimate>> {
        let rates = self.prices.fresh(spec, facts.input_tokens, facts.at);
        let health = self.health.of(&spec.provider, &spec.id);
        let visible = u64::from(self.expected_output_tokens.min(facts.max_tokens));
        let at_effort = |effort: &Option<Effort>| {
            let prior = spec.prior(*effort)?;
            // Thinking tends to use about half of what it is allowed (chosen;
            // replaced by measured means once outcomes are learned from).
            let output = visible + u64::from(spec.request.allowance(*effort)) / 2;
            let generation = visible as f64 / prior.tokens_per_second.max(0.1);
            let time = |seconds: f64| {
                let seconds = seconds * health.latency_factor;
                Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
            };
            let to_first_s = prior.ttft_ms / 1e3;
            Some(Estimate {
                quality: prior.quality.get(),
                cost: rates.map(|rates| rates.cost(facts.input_tokens, output)),
                latency: time(to_first_s + generation),
                to_first: time(to_first_s),
                reliability: health.reliability,
                is_down: health.is_down,
            })
        };
        efforts.iter().map(at_effort).collect()
    }
}
