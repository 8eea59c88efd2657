//! The body of a chat completion request, closed at every level.
//!
//! Arguments of abilities that are not played (audio, prediction, web search,
//! moderation, the old `functions`) are not listed, and so are refused like
//! any unknown argument. A member that the SDK's types let be `null` is a
//! plain `Option`; the others use [`present`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::strict::{Content, Object, present};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) model: String,
    pub(super) messages: Vec<Message>,
    pub(super) frequency_penalty: Option<f64>,
    pub(super) logit_bias: Option<BTreeMap<String, i64>>,
    pub(super) logprobs: Option<bool>,
    pub(super) max_completion_tokens: Option<i64>,
    pub(super) max_tokens: Option<i64>,
    pub(super) metadata: Option<BTreeMap<String, String>>,
    pub(super) n: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    pub(super) parallel_tool_calls: Option<bool>,
    pub(super) presence_penalty: Option<f64>,
    prompt_cache_key: Option<String>,
    #[serde(default, deserialize_with = "present")]
    prompt_cache_options: Option<PromptCacheOptions>,
    prompt_cache_retention: Option<PromptCacheRetention>,
    pub(super) reasoning_effort: Option<Effort>,
    #[serde(default, deserialize_with = "present")]
    pub(super) response_format: Option<ResponseFormat>,
    pub(super) safety_identifier: Option<String>,
    seed: Option<i64>,
    service_tier: Option<ServiceTier>,
    /// A string or an array of strings.
    pub(super) stop: Option<Value>,
    store: Option<bool>,
    pub(super) stream: Option<bool>,
    pub(super) stream_options: Option<StreamOptions>,
    pub(super) temperature: Option<f64>,
    /// A word or an object.
    #[serde(default, deserialize_with = "present")]
    pub(super) tool_choice: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(super) tools: Option<Vec<Tool>>,
    pub(super) top_logprobs: Option<i64>,
    pub(super) top_p: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    user: Option<String>,
    pub(super) verbosity: Option<Verbosity>,
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
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserMessage {
    pub(super) content: Content<UserPart>,
    #[serde(default, deserialize_with = "present")]
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssistantMessage {
    pub(super) content: Option<Content<AssistantPart>>,
    pub(super) refusal: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) name: Option<String>,
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
    File(FilePart),
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum AssistantPart {
    Text(TextPart),
    Refusal(RefusalPart),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextPart {
    pub(super) text: String,
    #[serde(default, deserialize_with = "present")]
    prompt_cache_breakpoint: Option<CacheBreakpoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefusalPart {
    pub(super) refusal: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImagePart {
    pub(super) image_url: ImageUrl,
    #[serde(default, deserialize_with = "present")]
    prompt_cache_breakpoint: Option<CacheBreakpoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageUrl {
    pub(super) url: String,
    #[serde(default, deserialize_with = "present")]
    detail: Option<Detail>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilePart {
    pub(super) file: File,
    #[serde(default, deserialize_with = "present")]
    prompt_cache_breakpoint: Option<CacheBreakpoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default, deserialize_with = "present")]
    pub(super) file_data: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) file_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) filename: Option<String>,
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
    /// A string that holds JSON, by contract; the vendor does not look.
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
    pub(super) strict: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(super) enum NamedToolChoice {
    Function(NamedFunction),
    AllowedTools(AllowedTools),
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
#[serde(deny_unknown_fields)]
pub(super) struct AllowedTools {
    pub(super) allowed_tools: AllowedToolList,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllowedToolList {
    pub(super) mode: AllowedMode,
    pub(super) tools: Vec<NamedToolChoice>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AllowedMode {
    Auto,
    Required,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToolChoiceWord {
    None,
    Auto,
    Required,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamOptions {
    #[serde(default, deserialize_with = "present")]
    pub(super) include_usage: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    pub(super) include_obfuscation: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromptCacheOptions {
    #[serde(default, deserialize_with = "present")]
    mode: Option<CacheMode>,
    #[serde(default, deserialize_with = "present")]
    ttl: Option<CacheTtl>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CacheBreakpoint {
    mode: ExplicitMode,
    #[serde(default, deserialize_with = "present")]
    ttl: Option<BreakpointTtl>,
}

/// Declares enums of words: the wire's word is the variant in snake case, or
/// the literal given.
macro_rules! words {
    ($($name:ident { $($variant:ident $(= $word:literal)?),* })*) => {$(
        #[derive(Clone, Copy, PartialEq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($(#[serde(rename = $word)])? $variant),* }
    )*};
}

words! {
    CacheMode { Implicit, Explicit }
    CacheTtl { HalfHour = "30m" }
    ExplicitMode { Explicit }
    BreakpointTtl { HalfHour = "30m", HalfDay = "12h" }
    PromptCacheRetention { InMemory, Day = "24h" }
    ServiceTier { Auto, Default, Flex, Scale, Priority, Fast }
    Detail { Auto, Low, High, Original }
    Verbosity { Low, Medium, High }
    Effort { None, Minimal, Low, Medium, High, Xhigh, Max }
}

impl Effort {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}
