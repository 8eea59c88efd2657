//! Why this model answered, as the caller reads it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{
    Belief, Candidate, Decision, Flip, NanoUsd, Quote, RoutingReport, TaskGuess, Terms, Weights,
};
use crate::mcp::report;

/// How many candidates are shown unless all are asked for.
const SHOWN_CANDIDATES: usize = 3;
/// Changes with the formulas of docs/routing.md.
const VERSION: u32 = 2;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RoutingOutput {
    task: Task,
    reason: String,
    candidates: Vec<CandidateReport>,
    attempts: Vec<report::AttemptReport>,
    /// Weights, margin, what would change the choice, what the cheapest and
    /// the best would cost, the part of chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionReport>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Task {
    label: &'static str,
    /// 0 if nothing was classified.
    confidence: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runner_up: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CandidateReport {
    provider: String,
    model: String,
    effort: Option<&'static str>,
    utility: f64,
    /// They sum to the utility.
    terms: TermsReport,
    quality: f64,
    /// Only where all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    quality_basis: Option<BeliefReport>,
    cost_usd: Option<f64>,
    output_tokens: u64,
    latency_ms: f64,
    reliability: f64,
    /// True while its circuit is open: it is asked last.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    down: bool,
    filtered_by: Option<&'static str>,
}

/// One number for each term.
#[derive(Debug, Serialize, JsonSchema)]
struct TermsReport {
    quality: f64,
    cost: f64,
    latency: f64,
    reliability: f64,
}

/// quality = (prior + support · (learned − prior + correction)) · usable.
#[derive(Debug, Serialize, JsonSchema)]
struct BeliefReport {
    prior: f64,
    learned: f64,
    correction: f64,
    support: f64,
    feedback: f64,
    usable: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DecisionReport {
    /// Who was chosen; the rest is about it, whoever answered in the end.
    chosen: Option<String>,
    weights: TermsReport,
    margin: Option<f64>,
    /// The smallest change of one weight that makes another model lead.
    flips_at: Option<FlipReport>,
    cheapest: Option<QuoteReport>,
    best: Option<QuoteReport>,
    input_tokens: u64,
    /// By what share that is usually off.
    input_error: f64,
    explored: bool,
    propensity: f64,
    version: u32,
    micros: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FlipReport {
    weight: &'static str,
    from: f64,
    to: f64,
    target: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct QuoteReport {
    target: String,
    cost_usd: f64,
}

impl RoutingOutput {
    pub(super) fn new(report: RoutingReport, all_candidates: bool) -> Self {
        let shown = if all_candidates {
            usize::MAX
        } else {
            SHOWN_CANDIDATES
        };
        let candidates = report.candidates.into_iter().take(shown);
        Self {
            task: Task::new(report.task, report.decision.as_deref()),
            reason: report.reason,
            candidates: candidates
                .map(|candidate| CandidateReport::new(candidate, all_candidates))
                .collect(),
            attempts: report
                .attempts
                .iter()
                .map(report::AttemptReport::new)
                .collect(),
            decision: report.decision.map(|decision| (*decision).into()),
        }
    }
}

impl Task {
    fn new(guess: TaskGuess, decision: Option<&Decision>) -> Self {
        Self {
            label: guess.label.as_str(),
            confidence: guess.confidence,
            source: decision.map(|decision| decision.source),
            runner_up: decision.map(|decision| decision.runner_up.as_str()),
            language: decision.and_then(|decision| decision.language),
        }
    }
}

impl CandidateReport {
    fn new(candidate: Candidate, is_detailed: bool) -> Self {
        Self {
            provider: candidate.target.provider.to_string(),
            model: candidate.target.model.to_string(),
            effort: candidate.target.effort.map(|effort| effort.as_str()),
            utility: candidate.utility,
            terms: candidate.terms.into(),
            quality: candidate.expected.quality,
            quality_basis: is_detailed.then(|| candidate.expected.belief.into()),
            cost_usd: candidate.expected.cost.map(NanoUsd::usd),
            output_tokens: candidate.expected.output_tokens,
            latency_ms: report::milliseconds(candidate.expected.latency),
            reliability: candidate.expected.reliability,
            down: candidate.expected.is_down,
            filtered_by: candidate.filtered_by.map(|reason| reason.as_str()),
        }
    }
}

impl From<Terms> for TermsReport {
    fn from(terms: Terms) -> Self {
        Self {
            quality: terms.quality,
            cost: terms.cost,
            latency: terms.latency,
            reliability: terms.reliability,
        }
    }
}

impl From<Weights> for TermsReport {
    fn from(weights: Weights) -> Self {
        Self {
            quality: weights.quality,
            cost: weights.cost,
            latency: weights.latency,
            reliability: weights.reliability,
        }
    }
}

impl From<Belief> for BeliefReport {
    fn from(belief: Belief) -> Self {
        Self {
            prior: belief.prior,
            learned: belief.learned,
            correction: belief.correction,
            support: belief.support,
            feedback: belief.feedback,
            usable: belief.usable,
        }
    }
}

impl From<Decision> for DecisionReport {
    fn from(decision: Decision) -> Self {
        Self {
            chosen: decision.chosen.map(|target| target.to_string()),
            weights: decision.weights.into(),
            margin: decision.margin,
            flips_at: decision.flip.map(Into::into),
            cheapest: decision.cheapest.map(Into::into),
            best: decision.best.map(Into::into),
            input_tokens: decision.input_tokens,
            input_error: decision.input_error,
            explored: decision.exploration.is_explored,
            propensity: decision.exploration.propensity,
            version: VERSION,
            micros: u64::try_from(decision.elapsed.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

impl From<Flip> for FlipReport {
    fn from(flip: Flip) -> Self {
        Self {
            weight: flip.weight,
            from: flip.from,
            to: flip.to,
            target: flip.target.to_string(),
        }
    }
}

impl From<Quote> for QuoteReport {
    fn from(quote: Quote) -> Self {
        Self {
            target: quote.target.to_string(),
            cost_usd: quote.cost.usd(),
        }
    }
}
