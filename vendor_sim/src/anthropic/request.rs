//! The body of a messages request, closed at every level.
//!
//! Members of abilities that are not played (containers, server tools) are not
//! listed, and so are refused like any unknown member. A member that the SDK's
//! types let be `null` is a plain `Option`; the others use [`present`].

use serde::Deserialize;

use crate::strict::{Content, Object, present};

mod block;

pub(super) use block::{
    Block, CacheControl, DocumentSource, ImageSource, ResultBlock, TextBlock, Ttl,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) model: String,
    pub(super) max_tokens: i64,
    pub(super) messages: Vec<Message>,
    pub(super) cache_control: Option<CacheControl>,
    inference_geo: Option<String>,
    #[serde(default, deserialize_with = "present")]
    metadata: Option<Metadata>,
    #[serde(default, deserialize_with = "present")]
    pub(super) output_config: Option<OutputConfig>,
    #[serde(default, deserialize_with = "present")]
    service_tier: Option<ServiceTier>,
    speed: Option<Speed>,
    #[serde(default, deserialize_with = "present")]
    pub(super) stop_sequences: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) stream: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    pub(super) system: Option<Content<TextOnly>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) temperature: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    pub(super) thinking: Option<Thinking>,
    #[serde(default, deserialize_with = "present")]
    pub(super) tool_choice: Option<ToolChoice>,
    #[serde(default, deserialize_with = "present")]
    pub(super) tools: Option<Vec<Tool>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) top_k: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    pub(super) top_p: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    pub(super) role: Role,
    pub(super) content: Content<Block>,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum TextOnly {
    Text(TextBlock),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    user_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputConfig {
    pub(super) effort: Option<Effort>,
    pub(super) format: Option<OutputFormat>,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum OutputFormat {
    JsonSchema(JsonSchema),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonSchema {
    pub(super) schema: Object,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum Thinking {
    Enabled(ThinkingBudget),
    Adaptive(ThinkingDisplay),
    BetweenTools,
    Disabled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThinkingBudget {
    pub(super) budget_tokens: i64,
    pub(super) display: Option<Display>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThinkingDisplay {
    pub(super) display: Option<Display>,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum ToolChoice {
    Auto(Parallelism),
    Any(Parallelism),
    Tool(NamedTool),
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parallelism {
    #[serde(default, deserialize_with = "present")]
    disable_parallel_tool_use: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedTool {
    pub(super) name: String,
    #[serde(default, deserialize_with = "present")]
    disable_parallel_tool_use: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) input_schema: Object,
    r#type: Option<ToolType>,
    #[serde(default, deserialize_with = "present")]
    pub(super) description: Option<String>,
    pub(super) cache_control: Option<CacheControl>,
    #[serde(default, deserialize_with = "present")]
    allowed_callers: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    defer_loading: Option<bool>,
    eager_input_streaming: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    input_examples: Option<Vec<Object>>,
    #[serde(default, deserialize_with = "present")]
    strict: Option<bool>,
}

/// Declares enums of words: the wire's word is the variant in snake case.
macro_rules! words {
    ($($name:ident { $($variant:ident),* })*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($variant),* }
    )*};
}

words! {
    Role { User, Assistant }
    Effort { Low, Medium, High, Xhigh, Max }
    Display { Summarized, Omitted }
    ServiceTier { Auto, StandardOnly }
    Speed { Standard, Fast }
    ToolType { Custom }
}

impl Effort {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}
