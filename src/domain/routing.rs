//! How a target is chosen, and why.

use std::time::Duration;

use super::{Attempt, AttemptOutcome, Capability, NanoUsd, Target, TaskLabel, Weights};

/// Why a candidate cannot answer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterReason {
    /// The vendor has ended the model.
    Ended,
    /// Not a provider that the caller allows.
    Provider,
    /// It lacks something that the request needs.
    Capability(Capability),
    /// The conversation does not fit.
    ContextWindow,
    /// It cannot write that much.
    MaxOutput,
    /// It takes no conversation that ends with the assistant.
    Prefill,
    /// It takes fewer tools.
    MaxTools,
    /// It takes shorter names of tools.
    ToolName,
    /// It has no such reasoning effort.
    Effort,
    /// Its price is unknown.
    Unpriced,
    /// Nothing is known about how good it is.
    NoPrior,
    /// Dearer than the caller allows.
    MaxCost,
    /// Slower than the caller allows.
    MaxLatency,
    /// Worse than the caller allows.
    MinQuality,
    /// Not a model that the operator lets the caller use.
    Models,
    /// It may cost more than is left of the caller's budget.
    Budget,
}

impl FilterReason {
    /// Returns the reason's name in explanations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Provider => "providers",
            Self::Capability(capability) => capability.as_str(),
            Self::ContextWindow => "context_window",
            Self::MaxOutput => "max_output",
            Self::Prefill => "prefill",
            Self::MaxTools => "max_tools",
            Self::ToolName => "tool_name",
            Self::Effort => "effort",
            Self::Unpriced => "unpriced",
            Self::NoPrior => "no_prior",
            Self::MaxCost => "max_cost_usd",
            Self::MaxLatency => "max_latency_ms",
            Self::MinQuality => "min_quality",
            Self::Models => "models",
            Self::Budget => "budget",
        }
    }
}

/// The terms of the utility, each already weighted; they sum to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// Weighted quality.
    pub quality: f64,
    /// Weighted cost term.
    pub cost: f64,
    /// Weighted latency term.
    pub latency: f64,
    /// Weighted reliability.
    pub reliability: f64,
}

impl Terms {
    /// Adds the terms up, in the order of the fields.
    pub fn utility(&self) -> f64 {
        self.quality + self.cost + self.latency + self.reliability
    }

    /// Returns the terms in the order of the fields.
    pub const fn list(&self) -> [f64; 4] {
        [self.quality, self.cost, self.latency, self.reliability]
    }
}

/// Where an expected quality comes from:
/// `prior + support · (learned − prior + correction)`, within 0 to 1, times
/// `usable`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Belief {
    /// What the catalogue says, from published sources, 0 to 1.
    pub prior: f64,
    /// The mean of feedback on the same kind of work, shrunk to the prior, 0 to 1.
    pub learned: f64,
    /// What feedback on similar prompts adds, −1 to 1.
    pub correction: f64,
    /// How much like this prompt those with feedback are, 0 to 1; 0 leaves the
    /// prior.
    pub support: f64,
    /// How many answers feedback was given on.
    pub feedback: f64,
    /// The share of answers that were neither refused, cut nor in a wrong
    /// form, 0 to 1; 1 before any was seen.
    pub usable: f64,
}

impl Belief {
    /// Returns the quality that it comes to, 0 to 1; 0 where that is no number.
    pub fn expected(&self) -> f64 {
        let learned = self.learned - self.prior + self.correction;
        let quality = self.prior + self.support * learned;
        if quality.is_nan() {
            return 0.0;
        }
        quality.clamp(0.0, 1.0) * self.usable
    }
}

/// What is expected of a target for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Quality of the answer, 0 to 1.
    pub quality: f64,
    /// What that is made of.
    pub belief: Belief,
    /// What the call costs; `None` if the model has no price.
    pub cost: Option<NanoUsd>,
    /// Output in tokens, hidden reasoning included.
    pub output_tokens: u64,
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

/// A target with what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The target.
    pub target: Target,
    /// What is expected of it; of one that is ruled out perhaps nothing.
    pub expected: Estimate,
    /// The sum of the terms, at most 1; below 0 for what is very dear or slow.
    pub utility: f64,
    /// What it is made of.
    pub terms: Terms,
    /// Why it cannot answer; `None` if it can.
    pub filtered_by: Option<FilterReason>,
}

impl Candidate {
    /// A target of which nothing is expected.
    pub fn unknown(target: Target) -> Self {
        Self {
            target,
            expected: Estimate::default(),
            utility: 0.0,
            terms: Terms::default(),
            filtered_by: None,
        }
    }
}

/// What the gateway takes a prompt for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskGuess {
    /// The kind of work.
    pub label: TaskLabel,
    /// The chance that the label is right, 0 to 1; 0 if nothing was classified.
    pub confidence: f64,
}

/// What stands behind a choice, beside the candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Who was chosen, and is spoken of below; another may have answered.
    pub chosen: Option<Target>,
    /// What decided the kind of work: `rule`, `linear`, `ensemble`, `caller`.
    pub source: &'static str,
    /// The second likeliest kind of work.
    pub runner_up: TaskLabel,
    /// The prompt's language, or the one that a translation names, in English;
    /// `None` for English.
    pub language: Option<&'static str>,
    /// The expected input of the chosen target, in tokens.
    pub input_tokens: u64,
    /// By what share that is usually wrong, 0.1 for 10 %.
    pub input_error: f64,
    /// The weights of the terms; they sum to 1.
    pub weights: Weights,
    /// By how much its utility exceeds the next one's; `None` of a model that
    /// the caller named.
    pub margin: Option<f64>,
    /// The smallest change of one weight that changes the choice.
    pub flip: Option<Flip>,
    /// The least that any candidate would be expected to cost.
    pub cheapest: Option<Quote>,
    /// What the candidate of the highest expected quality would cost.
    pub best: Option<Quote>,
    /// The part that chance had.
    pub exploration: Exploration,
    /// What deciding took.
    pub elapsed: Duration,
}

/// A change of one weight, the others staying as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip {
    /// The weight: `quality`, `cost`, `latency`, `reliability`.
    pub weight: &'static str,
    /// What it is, of a sum of 1.
    pub from: f64,
    /// What it would have to be, before all are scaled to a sum of 1 again.
    pub to: f64,
    /// Who would lead then.
    pub target: Target,
}

/// What a target would cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote {
    /// The target.
    pub target: Target,
    /// Expected cost.
    pub cost: NanoUsd,
}

/// The part that chance had in a choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exploration {
    /// True if another than the best was chosen, to learn about it.
    pub is_explored: bool,
    /// The chance with which the chosen one is chosen, 0 to 1.
    pub propensity: f64,
}

impl Exploration {
    /// The best was chosen, as it always is.
    pub const NONE: Self = Self {
        is_explored: false,
        propensity: 1.0,
    };
}

/// How a target was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutingReport {
    /// The kind of work.
    pub task: TaskGuess,
    /// The choice in one sentence.
    pub reason: String,
    /// All candidates, those that can answer first, best first.
    pub candidates: Vec<Candidate>,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
    /// What stands behind the choice; `None` where there was none.
    pub decision: Option<Box<Decision>>,
}

impl RoutingReport {
    /// Tells whether a target is the one that was chosen.
    pub fn is_chosen(&self, target: &Target) -> bool {
        let decision = self.decision.as_deref();
        let chosen = decision.and_then(|decision| decision.chosen.as_ref());
        chosen.is_none_or(|chosen| chosen == target)
    }

    /// Completes the report of a call that `winner` answered: it stands first
    /// among the candidates, and the reason says if it was not the choice.
    #[must_use]
    pub fn won_by(mut self, winner: Candidate, attempts: Vec<Attempt>) -> Self {
        let is_failed = |attempt: &&Attempt| matches!(attempt.outcome, AttemptOutcome::Failed(_));
        let failed = attempts.iter().filter(is_failed).count();
        let why = match (failed, attempts.len()) {
            (0, 0 | 1) if self.is_chosen(&winner.target) => None,
            (0, 0 | 1) => Some("it could not be asked just now, by budget, places or circuit"),
            (0, _) => Some("it was slower than usual"),
            (1, 2) => Some("it failed"),
            _ => Some("others failed"),
        };
        if let Some(why) = why {
            self.reason = format!("{}; {why}, and {} answered", self.reason, winner.target);
        }
        let mut places = self.candidates.iter();
        let place = places.position(|candidate| candidate.target == winner.target);
        match place.and_then(|place| self.candidates.get_mut(..=place)) {
            Some(before) => before.rotate_right(1),
            None => self.candidates.insert(0, winner.clone()),
        }
        if let Some(first) = self.candidates.first_mut() {
            *first = winner;
        }
        self.attempts = attempts;
        self
    }
}
