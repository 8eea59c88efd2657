//! What a model answers, and how the gateway got there.

use std::time::Duration;

use super::{
    Allowance, ContentPart, Effort, ModelId, NanoUsd, ProviderErrorKind, ProviderName, RequestId,
    Target, TaskLabel, Usage,
};

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FinishReason {
    /// It was complete.
    Stop,
    /// The output limit was reached.
    Length,
    /// The vendor's policy cut or refused it.
    ContentFilter,
    /// The model waits for tools.
    ToolCalls,
}

impl FinishReason {
    /// Returns the contract's name of the reason.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::ToolCalls => "tool_calls",
        }
    }
}

/// What a vendor answered, translated.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderAnswer {
    /// The model that the answer names, which is the one that is billed.
    pub model: ModelId,
    /// Text, reasoning and tool calls, in order.
    pub content: Vec<ContentPart>,
    /// Why it ended.
    pub finish: FinishReason,
    /// True if the vendor gave a reason that we do not know and took for
    /// [`FinishReason::Stop`].
    pub finish_is_unknown: bool,
    /// The stop sequence that ended it, where the vendor tells.
    pub stop_sequence: Option<String>,
    /// The vendor's token counts, if it reported any.
    pub usage: Option<Usage>,
    /// Parameters of the request that the model does not take.
    pub dropped_parameters: Vec<&'static str>,
    /// From sending the request to the first byte of the answer.
    pub time_to_first_byte: Duration,
}

impl ProviderAnswer {
    /// Joins the visible text.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|part| match part {
            ContentPart::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
}

/// A piece of an answer that is still being made.
#[derive(Clone, Debug, PartialEq)]
pub enum Chunk {
    /// More visible text.
    Text(String),
    /// What the model thought before it went on, whole and with its seal.
    Reasoning {
        /// The visible part or summary of the thought, possibly empty.
        text: String,
        /// What the same vendor wants back unchanged.
        signature: String,
    },
    /// A tool call begins.
    ToolCallStart {
        /// Its place among the answer's calls.
        index: u32,
        /// Its id.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// More of a tool call's arguments.
    ToolCallArguments {
        /// Which call.
        index: u32,
        /// A piece of JSON text.
        json: String,
    },
    /// The vendor's counts; the last one stands.
    Usage(Usage),
    /// The answer is complete.
    Finish(FinishReason),
}

/// What a call cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Known from the price table.
    Priced {
        /// The amount.
        amount: NanoUsd,
        /// True if a class of tokens had no rate of its own and was billed
        /// at the input rate.
        is_incomplete: bool,
    },
    /// No price is known for the model; never guessed.
    Unpriced,
}

impl Cost {
    /// Returns the known amount.
    pub const fn amount(self) -> Option<NanoUsd> {
        match self {
            Self::Priced { amount, .. } => Some(amount),
            Self::Unpriced => None,
        }
    }
}

/// How the cache took part in an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CacheStatus {
    /// The same question was answered before.
    Exact,
    /// A question of the same meaning was answered before.
    Semantic {
        /// Cosine similarity of the two questions, −1 to 1.
        similarity: f32,
        /// The verifier's confidence that the answer fits, 0 to 1.
        confidence: f32,
    },
    /// The cache had nothing.
    Miss,
    /// The cache was not asked.
    Bypass,
}

impl CacheStatus {
    /// Returns the contract's name of the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Semantic { .. } => "semantic",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

/// The cache's part in an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CacheOutcome {
    /// What happened.
    pub status: CacheStatus,
    /// How old the stored answer is, on a hit.
    pub age: Option<Duration>,
    /// What the vendor call would have cost, on a hit.
    pub saved: Option<NanoUsd>,
}

impl CacheOutcome {
    /// The cache was not asked.
    pub const BYPASS: Self = Self {
        status: CacheStatus::Bypass,
        age: None,
        saved: None,
    };
    /// The cache had nothing.
    pub const MISS: Self = Self {
        status: CacheStatus::Miss,
        age: None,
        saved: None,
    };

    /// Tells whether the answer came from the cache.
    pub const fn is_hit(&self) -> bool {
        matches!(
            self.status,
            CacheStatus::Exact | CacheStatus::Semantic { .. }
        )
    }
}

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The vendor answered.
    Answered,
    /// The vendor did not.
    Failed(ProviderErrorKind),
    /// The call's own deadline or the caller's leaving cut it.
    Cancelled,
}

/// One call to a vendor.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Whom it asked.
    pub target: Target,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// How long it took.
    pub latency: Duration,
    /// The failure in words, without keys.
    pub error: Option<String>,
}

/// Why a candidate cannot answer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterReason {
    /// The vendor has ended the model.
    Ended,
    /// Not a provider that the caller allows.
    Provider,
    /// It lacks something that the request needs.
    Capability(super::Capability),
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
        }
    }
}

/// A target with what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The target.
    pub target: Target,
    /// The weighted sum of the terms, 0 to 1.
    pub utility: f64,
    /// Expected quality, 0 to 1.
    pub quality: f64,
    /// Expected cost; `None` if unpriced.
    pub cost: Option<NanoUsd>,
    /// Expected time to the whole answer.
    pub latency: Duration,
    /// Expected time to its first visible piece.
    pub to_first: Duration,
    /// Chance that the call succeeds, 0 to 1.
    pub reliability: f64,
    /// Why it cannot answer; `None` if it can.
    pub filtered_by: Option<FilterReason>,
}

/// What the gateway takes a prompt for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskGuess {
    /// The kind of work.
    pub label: TaskLabel,
    /// The chance that the label is right, 0 to 1; 0 if nothing was classified.
    pub confidence: f64,
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
}

impl RoutingReport {
    /// Completes the report of a call that `winner` answered: it stands first
    /// among the candidates, and the reason says if it was not the choice.
    #[must_use]
    pub fn won_by(mut self, winner: Candidate, attempts: Vec<Attempt>) -> Self {
        let is_failed = |attempt: &&Attempt| matches!(attempt.outcome, AttemptOutcome::Failed(_));
        let failed = attempts.iter().filter(is_failed).count();
        let why = match (failed, attempts.len()) {
            (0, 0 | 1) => None,
            (0, _) => Some("it was slower than usual"),
            (1, 2) => Some("it failed"),
            _ => Some("others failed"),
        };
        if let Some(why) = why {
            self.reason = format!("{}; {why}, and {} answered", self.reason, winner.target);
        }
        self.candidates
            .retain(|candidate| candidate.target != winner.target);
        self.candidates.insert(0, winner);
        self.attempts = attempts;
        self
    }
}

/// The gateway's answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The call.
    pub request_id: RequestId,
    /// Text, reasoning and tool calls, in order; empty for a dry run.
    pub content: Vec<ContentPart>,
    /// Who answered.
    pub provider: ProviderName,
    /// The model that answered, by the vendor's own word.
    pub model: ModelId,
    /// The effort that it was asked for.
    pub effort: Option<Effort>,
    /// Why it ended; `None` for a dry run.
    pub finish: Option<FinishReason>,
    /// The stop sequence that ended it, where the vendor tells.
    pub stop_sequence: Option<String>,
    /// Tokens of the answer.
    pub usage: Usage,
    /// What the whole call cost, failed attempts included.
    pub cost: Cost,
    /// From the call to the answer.
    pub latency: Duration,
    /// The cache's part.
    pub cache: CacheOutcome,
    /// What the caller's limits have left.
    pub allowance: Allowance,
    /// What the caller asked for that the model does not take.
    pub dropped_parameters: Vec<&'static str>,
    /// How the target was chosen.
    pub routing: RoutingReport,
}

impl Completion {
    /// Joins the visible text.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|part| match part {
            ContentPart::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
}
