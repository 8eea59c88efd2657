//! The body of a chat completion request, as the API file has it: closed but
//! for guardrails and the caller's own objects.
//!
//! A member that may be `null` is a plain `Option`; the others use
//! [`present`].

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::strict::{Content, Object, present};

mod chunk;
mod either;

pub(super) use chunk::{Chunk, SystemChunk, ThoughtChunk};
pub(super) use either::Either;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) model: String,
    pub(super) messages: Vec<Message>,
    #[serde(default, deserialize_with = "present")]
    pub(super) frequency_penalty: Option<f64>,
    guardrails: Option<Vec<Guardrail>>,
    pub(super) max_tokens: Option<i64>,
    metadata: Option<Object>,
    pub(super) n: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    parallel_tool_calls: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    prediction: Option<Prediction>,
    #[serde(default, deserialize_with = "present")]
    pub(super) presence_penalty: Option<f64>,
    prompt_cache_key: Option<String>,
    pub(super) prompt_mode: Option<PromptMode>,
    pub(super) random_seed: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    pub(super) reasoning_effort: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) response_format: Option<ResponseFormat>,
    #[serde(default, deserialize_with = "present")]
    safe_prompt: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    pub(super) stop: Option<Content<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) stream: Option<bool>,
    pub(super) temperature: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    pub(super) tool_choice: Option<Either<NamedTool>>,
    pub(super) tools: Option<Vec<Tool>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) top_p: Option<f64>,
}

/// Reads a member that may be `null` but not absent.
fn required<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

#[derive(Deserialize)]
#[serde(rename = "role", rename_all = "snake_case")]
pub(super) enum Message {
    Assistant(AssistantMessage),
    System(SystemMessage),
    Tool(ToolMessage),
    User(UserMessage),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SystemMessage {
    pub(super) content: Content<SystemChunk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserMessage {
    #[serde(deserialize_with = "required")]
    pub(super) content: Option<Content<Chunk>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssistantMessage {
    pub(super) content: Option<Content<Chunk>>,
    pub(super) tool_calls: Option<Vec<ToolCall>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) prefix: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolMessage {
    #[serde(deserialize_with = "required")]
    pub(super) content: Option<Content<Chunk>>,
    pub(super) tool_call_id: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolCall {
    #[serde(default, deserialize_with = "present")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    r#type: Option<ToolType>,
    pub(super) function: CalledFunction,
    #[serde(default, deserialize_with = "present")]
    index: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalledFunction {
    pub(super) name: String,
    pub(super) arguments: Either<Object>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    #[serde(default, deserialize_with = "present")]
    r#type: Option<ToolType>,
    pub(super) function: Function,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Function {
    pub(super) name: String,
    #[serde(default, deserialize_with = "present")]
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "present")]
    strict: Option<bool>,
    pub(super) parameters: Object,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedTool {
    #[serde(default, deserialize_with = "present")]
    r#type: Option<ToolType>,
    pub(super) function: FunctionName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionName {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponseFormat {
    #[serde(default, deserialize_with = "present")]
    pub(super) r#type: Option<FormatType>,
    pub(super) json_schema: Option<JsonSchema>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonSchema {
    name: String,
    description: Option<String>,
    pub(super) schema: Object,
    #[serde(default, deserialize_with = "present")]
    strict: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prediction {
    #[serde(default, deserialize_with = "present")]
    r#type: Option<PredictionType>,
    #[serde(default, deserialize_with = "present")]
    content: Option<String>,
}

#[derive(Deserialize)]
struct Guardrail {
    #[serde(default, deserialize_with = "present")]
    block_on_error: Option<bool>,
    moderation_llm_v1: Option<Moderation>,
    moderation_llm_v2: Option<Moderation>,
}

#[derive(Deserialize)]
struct Moderation {
    #[serde(default, deserialize_with = "present")]
    model_name: Option<String>,
    custom_category_thresholds: Option<BTreeMap<String, Option<f64>>>,
    #[serde(default, deserialize_with = "present")]
    ignore_other_categories: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    action: Option<ModerationAction>,
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
    ToolType { Function }
    ToolChoiceWord { Auto, None, Any, Required }
    FormatType { Text, JsonObject, JsonSchema }
    PromptMode { Reasoning }
    PredictionType { Content }
    ModerationAction { None, Block }
}
