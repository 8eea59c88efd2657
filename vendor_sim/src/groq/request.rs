//! The body of a chat completion request, closed at every level.
//!
//! Arguments of abilities that are not played (documents, search, compound
//! systems, the old `functions`) are not listed, and so are refused like any
//! unknown one. Those that the type has and the vendor does not take are
//! listed, to be refused in its own words.

use serde::Deserialize;
use serde_json::Value;

use crate::strict::{Content, Object, present};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) model: String,
    pub(super) messages: Vec<Message>,
    #[serde(default, deserialize_with = "present")]
    disable_tool_validation: Option<bool>,
    pub(super) frequency_penalty: Option<f64>,
    pub(super) include_reasoning: Option<bool>,
    pub(super) logit_bias: Option<Value>,
    pub(super) logprobs: Option<bool>,
    pub(super) max_completion_tokens: Option<i64>,
    pub(super) max_tokens: Option<i64>,
    pub(super) metadata: Option<Value>,
    pub(super) n: Option<i64>,
    parallel_tool_calls: Option<bool>,
    pub(super) presence_penalty: Option<f64>,
    pub(super) reasoning_effort: Option<Effort>,
    pub(super) reasoning_format: Option<ReasoningFormat>,
    pub(super) response_format: Option<ResponseFormat>,
    seed: Option<i64>,
    pub(super) service_tier: Option<ServiceTier>,
    /// A string or an array of strings.
    pub(super) stop: Option<Value>,
    pub(super) store: Option<bool>,
    pub(super) stream: Option<bool>,
    pub(super) temperature: Option<f64>,
    /// A word or an object.
    pub(super) tool_choice: Option<Value>,
    pub(super) tools: Option<Vec<Tool>>,
    pub(super) top_logprobs: Option<i64>,
    pub(super) top_p: Option<f64>,
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename = "role", rename_all = "snake_case")]
pub(super) enum Message {
    System(Instruction),
    Developer(Instruction),
    User(UserMessage),
    Assistant(AssistantMessage),
    Tool(ToolMessage),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Instruction {
    pub(super) content: Content<TextOnly>,
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserMessage {
    pub(super) content: Content<UserPart>,
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
}

/// Members that are `null` are refused, but for `content`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssistantMessage {
    pub(super) content: Option<Content<TextOnly>>,
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) reasoning: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolMessage {
    pub(super) content: Content<TextOnly>,
    pub(super) tool_call_id: String,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum TextOnly {
    Text(TextPart),
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum UserPart {
    Text(TextPart),
    ImageUrl(ImagePart),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextPart {
    pub(super) text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImagePart {
    pub(super) image_url: ImageUrl,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageUrl {
    pub(super) url: String,
    #[serde(default, deserialize_with = "present")]
    detail: Option<Detail>,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum ToolCall {
    Function(FunctionCall),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionCall {
    pub(super) id: String,
    pub(super) function: CalledFunction,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalledFunction {
    pub(super) name: String,
    pub(super) arguments: String,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum Tool {
    Function(FunctionTool),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionTool {
    pub(super) function: Function,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Function {
    pub(super) name: String,
    #[serde(default, deserialize_with = "present")]
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) parameters: Option<Object>,
    strict: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum NamedToolChoice {
    Function(NamedFunction),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedFunction {
    pub(super) function: FunctionName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionName {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum ResponseFormat {
    Text,
    JsonObject,
    JsonSchema(JsonSchemaFormat),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonSchemaFormat {
    pub(super) json_schema: JsonSchema,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonSchema {
    pub(super) name: String,
    #[serde(default, deserialize_with = "present")]
    description: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) schema: Option<Object>,
    pub(super) strict: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToolChoiceWord {
    None,
    Auto,
    Required,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Effort {
    None,
    Default,
    Low,
    Medium,
    High,
}

impl Effort {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Default => "default",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReasoningFormat {
    Hidden,
    Raw,
    Parsed,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ServiceTier {
    Auto,
    OnDemand,
    Flex,
    Performance,
}

impl ServiceTier {
    /// Returns the tier that serves a request for this one.
    pub(super) const fn served(self) -> &'static str {
        match self {
            Self::Auto | Self::OnDemand => "on_demand",
            Self::Flex => "flex",
            Self::Performance => "performance",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Detail {
    Auto,
    Low,
    High,
}
