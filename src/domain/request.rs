//! What a caller asks for, already checked.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Capabilities, Capability, ContentPart, Effort, Message, NanoUsd, ProviderName, Ratio, Role,
    Temperature, Tool, ToolChoice, ToolResult,
};

/// Which model shall answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSelector {
    /// The best for the request.
    Auto,
    /// The one with this id, alias or `provider/id`.
    Named(String),
}

/// How the next token is drawn. Absent means that nothing is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// Spread of the draw.
    pub temperature: Option<Temperature>,
    /// Share of the probability mass that is drawn from.
    pub top_p: Option<Ratio>,
    /// How many of the likeliest tokens are drawn from, for vendors that take
    /// it.
    pub top_k: Option<u64>,
    /// Seed for vendors that take one.
    pub seed: Option<i64>,
    /// Texts that end the answer, at most 16.
    pub stop: Vec<String>,
}

/// The form that the answer must have.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ResponseFormat {
    /// Anything.
    #[default]
    Text,
    /// Some JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// A name for the schema, `[a-zA-Z0-9_-]{1,64}`.
        name: String,
        /// The schema.
        schema: Value,
        /// True if the vendor must hold the answer to it.
        strict: bool,
    },
}

/// How long a vendor that must be asked keeps a prompt, for calls that begin
/// alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PromptCache {
    /// Five minutes after its last use.
    FiveMinutes,
    /// An hour after it, for a higher price of writing.
    OneHour,
}

/// How the answer cache takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheMode {
    /// Exact and semantic hits are welcome.
    #[default]
    Auto,
    /// Exact hits alone.
    Exact,
    /// A fresh answer, which replaces the stored one.
    Refresh,
    /// Nothing is read and nothing stored.
    Bypass,
}

/// The kind of work that a prompt asks for.
///
/// `General`: facts, how-to, advice, chat. `Code`: writing, mending,
/// explaining and converting code. `Reasoning`: mathematics, logic, puzzles.
/// `Creative`: stories, verse, letters, advertising. `Analysis`: summaries,
/// extraction, classification, comparison. `Multilingual`: translation, or a
/// prompt that is not English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
#[expect(
    missing_docs,
    reason = "documented variants become `oneOf`, not a plain enum"
)]
pub enum TaskLabel {
    General,
    Code,
    Reasoning,
    Creative,
    Analysis,
    Multilingual,
}

impl TaskLabel {
    /// Returns the label's name in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Code => "code",
            Self::Reasoning => "reasoning",
            Self::Creative => "creative",
            Self::Analysis => "analysis",
            Self::Multilingual => "multilingual",
        }
    }
}

/// How much each term of the routing utility counts. Not all are zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Weight of expected quality.
    pub quality: f64,
    /// Weight of low cost.
    pub cost: f64,
    /// Weight of low latency.
    pub latency: f64,
    /// Weight of the chance that the call succeeds.
    pub reliability: f64,
}

impl Weights {
    /// Scales the weights to a sum of 1, or returns `None` if they are
    /// negative, not finite, or all zero.
    pub fn normalised(self) -> Option<Self> {
        let all = [self.quality, self.cost, self.latency, self.reliability];
        let sum: f64 = all.iter().sum();
        let is_usable = all
            .iter()
            .all(|weight| weight.is_finite() && *weight >= 0.0)
            && sum > 0.0
            && sum.is_finite();
        is_usable.then(|| Self {
            quality: self.quality / sum,
            cost: self.cost / sum,
            latency: self.latency / sum,
            reliability: self.reliability / sum,
        })
    }
}

/// What the caller asks of the routing, and of stored answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requirements {
    /// Triples the weight of latency.
    pub low_latency: bool,
    /// Triples the weight of cost.
    pub low_cost: bool,
    /// Triples the weight of quality.
    pub high_quality: bool,
    /// Replaces all weights.
    pub weights: Option<Weights>,
    /// What kind of work it is, if the caller knows.
    pub task: Option<TaskLabel>,
    /// The most that the call may be expected to cost.
    pub max_cost: Option<NanoUsd>,
    /// The longest that the call may be expected to take.
    pub max_latency: Option<Duration>,
    /// The least quality that is acceptable.
    pub min_quality: Option<Ratio>,
    /// The providers that may see the prompt; empty means all.
    pub providers: Vec<ProviderName>,
    /// Whether other models may answer when the chosen one fails. `None`
    /// means yes for `auto` and no for a named model.
    pub failover: Option<bool>,
    /// The least confidence of a semantic hit; less than the gateway's own
    /// changes nothing.
    pub cache_min_confidence: Option<Ratio>,
    /// How old a stored answer may be.
    pub cache_max_age: Option<Duration>,
}

/// One request for a completion. Whoever makes one has checked every bound of
/// the contract; nothing inside the gateway looks again.
#[derive(Clone, Debug, PartialEq)]
pub struct CompletionRequest {
    /// The conversation; system messages stand first.
    pub messages: Vec<Message>,
    /// Which model shall answer.
    pub model: ModelSelector,
    /// The longest visible answer, in tokens.
    pub max_tokens: u32,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How much a reasoning model may think.
    pub effort: Option<Effort>,
    /// Without an effort: the model may think even if it does not by itself.
    pub may_think: bool,
    /// Functions that the model may ask for.
    pub tools: Vec<Tool>,
    /// Which of them it may or must use.
    pub tool_choice: ToolChoice,
    /// Whether it may ask for several at once; `None` leaves it to the vendor.
    pub parallel_tool_calls: Option<bool>,
    /// The form that the answer must have.
    pub response_format: ResponseFormat,
    /// How the cache takes part.
    pub cache: CacheMode,
    /// What is asked of the routing.
    pub requirements: Requirements,
    /// Asks the vendor to keep the prompt where nothing in it is marked; `None`
    /// leaves it to the adapter.
    pub prompt_cache: Option<PromptCache>,
    /// How long the caller waits, all attempts together.
    pub timeout: Duration,
    /// Makes a repeat of this call collect the first one's answer.
    pub idempotency_key: Option<String>,
    /// Only explain where the call would go.
    pub route_only: bool,
}

impl CompletionRequest {
    /// Tells whether the assistant speaks last, so that the answer goes on
    /// from there.
    pub fn is_prefilled(&self) -> bool {
        let last = self.messages.last();
        last.is_some_and(|message| message.role == Role::Assistant)
    }

    /// Returns what a model must be able to do to answer.
    pub fn needs(&self) -> Capabilities {
        let parts = self.messages.iter().flat_map(|message| &message.content);
        let shown = |result: &ToolResult| {
            let mut parts = result.content.iter();
            parts.any(|part| matches!(part, ContentPart::Image(_)))
        };
        let of_parts = parts.flat_map(|part| match part {
            ContentPart::Image(_) => [Some(Capability::Vision), None],
            ContentPart::ToolCall(_) => [Some(Capability::Tools), None],
            ContentPart::ToolResult(result) => [
                Some(Capability::Tools),
                shown(result).then_some(Capability::Vision),
            ],
            ContentPart::Text(_) | ContentPart::Reasoning { .. } | ContentPart::CacheMark(_) => {
                [None, None]
            }
        });
        let of_parts = of_parts.flatten();
        let of_tools = (!self.tools.is_empty()).then_some(Capability::Tools);
        let is_schema = matches!(self.response_format, ResponseFormat::JsonSchema { .. });
        let of_format = is_schema.then_some(Capability::JsonSchema);
        of_parts.chain(of_tools).chain(of_format).collect()
    }
}
