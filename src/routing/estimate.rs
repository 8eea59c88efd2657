//! What to expect of a target for a request.

use std::time::Duration;

use jiff::Timestamp;

use super::experience::{Expected, Experience};
use super::facts::Facts;
use crate::domain::{
    Belief, Effort, Estimate, ModelId, ModelSpec, NanoUsd, PicoUsdPerToken, ProviderName,
};

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
    /// How many times its prior the time to the first piece has been.
    pub first_factor: f64,
    /// How many times its prior the time of each further token has been.
    pub flow_factor: f64,
    /// How many times longer both take for the calls that are under way.
    pub load_factor: f64,
    /// True if its provider answers nothing at the moment.
    pub is_down: bool,
}

impl TargetHealth {
    /// Nothing was seen yet: (0 + 9) successes of (0 + 10).
    pub const UNKNOWN: Self = Self {
        reliability: 0.9,
        first_factor: 1.0,
        flow_factor: 1.0,
        load_factor: 1.0,
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

/// Tells what feedback has taught about the quality of targets, for one prompt.
pub trait Qualities {
    /// Returns what to believe of a target, given what the catalogue says of
    /// it; the prior itself where nothing was learned.
    fn of(&self, target: (&ProviderName, &ModelId, Option<Effort>), prior: f64) -> Belief;
}

/// Estimates from published priors and today's prices, and from what was seen
/// since. Before anything was seen its estimates are the priors.
pub struct LearnedEstimator<'a> {
    /// Today's prices.
    pub prices: &'a dyn Prices,
    /// Recent health.
    pub health: &'a dyn Health,
    /// What answers have been like.
    pub experience: &'a Experience,
    /// What feedback has taught.
    pub qualities: &'a dyn Qualities,
    /// Visible output to expect of an unknown model, in tokens.
    pub expected_output_tokens: u32,
}

/// What a call would come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PredictedCost {
    /// Input in tokens, as the vendor will count it.
    pub input_tokens: u64,
    /// Output in tokens, hidden reasoning included.
    pub output_tokens: u64,
    /// The cost of the input.
    pub input_cost: NanoUsd,
    /// The cost of the output.
    pub output_cost: NanoUsd,
}

impl LearnedEstimator<'_> {
    /// Predicts what a call costs, with `output` tokens or as many as are
    /// expected; `None` if the model has no price. Unlike
    /// [`Estimator::estimate`] it needs no prior.
    pub fn predict(
        &self,
        facts: &Facts<'_>,
        spec: &ModelSpec,
        effort: Option<Effort>,
        output: Option<u64>,
    ) -> Option<PredictedCost> {
        let seen = self.experience.model(&spec.provider, &spec.id, facts.at);
        let input = (facts.input_tokens as f64 * seen.input().factor).ceil() as u64;
        let rates = self.prices.fresh(spec, input, facts.at)?;
        let output = output.unwrap_or_else(|| {
            let expected =
                seen.expected(effort, (&facts.mix, facts.caller), self.base(spec, effort));
            output_tokens(&expected, facts)
        });
        Some(PredictedCost {
            input_tokens: input,
            output_tokens: output,
            input_cost: rates.cost(input, 0),
            output_cost: rates.cost(0, output),
        })
    }

    /// Returns what to expect of a model that nobody has heard.
    fn base(&self, spec: &ModelSpec, effort: Option<Effort>) -> Expected {
        Expected {
            visible: f64::from(self.expected_output_tokens),
            // Thinking tends to use about half of what it is allowed (chosen).
            thinking: f64::from(spec.request.allowance(effort)) / 2.0,
            usable: 1.0,
        }
    }
}

/// Returns the visible output, of which the caller sets the limit.
fn visible_tokens(expected: &Expected, facts: &Facts<'_>) -> f64 {
    expected.visible.min(f64::from(facts.max_tokens)).ceil()
}

fn output_tokens(expected: &Expected, facts: &Facts<'_>) -> u64 {
    visible_tokens(expected, facts) as u64 + expected.thinking.ceil() as u64
}

impl Estimator for LearnedEstimator<'_> {
    // Prices, health and experience are those of the model, so each is looked
    // up once for all efforts: the look-ups are most of what ranking costs.
    fn estimate(
        &self,
        facts: &Facts<'_>,
        spec: &ModelSpec,
        efforts: &[Option<Effort>],
    ) -> Vec<Option<Estimate>> {
        let seen = self.experience.model(&spec.provider, &spec.id, facts.at);
        let input = (facts.input_tokens as f64 * seen.input().factor).ceil() as u64;
        let rates = self.prices.fresh(spec, input, facts.at);
        let health = self.health.of(&spec.provider, &spec.id);
        let at_effort = |effort: &Option<Effort>| {
            let prior = spec.prior(*effort)?;
            let expected = seen.expected(
                *effort,
                (&facts.mix, facts.caller),
                self.base(spec, *effort),
            );
            let visible = visible_tokens(&expected, facts);
            let output = output_tokens(&expected, facts);
            let belief = Belief {
                usable: expected.usable,
                ..self
                    .qualities
                    .of((&spec.provider, &spec.id, *effort), prior.quality.get())
            };
            let time = |seconds: f64| {
                let seconds = seconds * health.load_factor;
                Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
            };
            let to_first_s = prior.ttft_ms / 1e3 * health.first_factor;
            let flow_s = visible / prior.tokens_per_second.max(0.1) * health.flow_factor;
            Some(Estimate {
                quality: belief.expected(),
                belief,
                cost: rates.map(|rates| rates.cost(input, output)),
                output_tokens: output,
                latency: time(to_first_s + flow_s),
                to_first: time(to_first_s),
                reliability: health.reliability,
                is_down: health.is_down,
            })
        };
        efforts.iter().map(at_effort).collect()
    }
}
