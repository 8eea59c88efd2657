//! What a model answers, and how the gateway got there.

use std::time::Duration;

use super::{
    Allowance, ContentPart, Effort, ModelId, NanoUsd, ProviderErrorKind, ProviderName, RequestId,
    RoutingReport, Target, Usage,
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
    /// True if the vendor gave a reason that we do not know and took for
    /// [`FinishReason::Stop`]: it may have cut the answer.
    pub finish_is_unknown: bool,
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
