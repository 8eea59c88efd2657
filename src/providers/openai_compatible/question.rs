//! Writes a chat completion request.

mod message;
mod tools;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::dialect::{Dialect, StreamUsage, Thoughts, TopPRange};
use crate::domain::{
    Capability, Effort, MaxTokensField, ProviderCall, ProviderError, ResponseFormat,
};
use crate::providers::failure;
use crate::providers::parameters::Parameters;
use message::ChatMessage;
use tools::{ChatTool, Choice};

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    messages: Vec<ChatMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    random_seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<Effort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_reasoning: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ChatTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonObject,
    JsonSchema { json_schema: JsonSchema<'a> },
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'a str,
    schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// Writes the body of a request, and lists what the model does not take.
///
/// # Errors
/// `InvalidRequest` for content that this adapter does not carry.
pub(super) fn write(
    dialect: &Dialect,
    call: &ProviderCall<'_>,
) -> Result<(Bytes, Vec<&'static str>), ProviderError> {
    let mut parameters = Parameters::new(call);
    if parameters.top_k.is_some() {
        parameters.dropped.push("top_k");
    }
    let is_reasoning = call.spec.capabilities.contains(Capability::Reasoning);
    let system_role = if is_reasoning {
        dialect.reasoning_system_role
    } else {
        "system"
    };
    let messages = message::write(dialect, &call.request.messages, system_role);
    if dialect.top_p == TopPRange::AboveZero {
        narrow_top_p(&mut parameters);
    }
    let (seed, random_seed) = seeds(call, &mut parameters);
    let (max_tokens, max_completion_tokens) = match call.spec.request.max_tokens_field {
        MaxTokensField::MaxTokens => (Some(parameters.output_limit), None),
        MaxTokensField::MaxCompletionTokens => (None, Some(parameters.output_limit)),
    };
    let request = call.request;
    let has_tools = !request.tools.is_empty();
    let question = Question {
        model: call.target.model.as_str(),
        messages,
        max_tokens,
        max_completion_tokens,
        temperature: parameters.temperature,
        top_p: parameters.top_p,
        stop: parameters.stop,
        seed,
        random_seed,
        reasoning_effort: parameters.effort,
        include_reasoning: (is_reasoning && dialect.thoughts == Thoughts::InText).then_some(false),
        stream: call.sink.map(|_| true),
        stream_options: call
            .sink
            .filter(|_| dialect.stream_usage == StreamUsage::Asked)
            .map(|_| StreamOptions {
                include_usage: true,
            }),
        response_format: format(&request.response_format),
        tools: request.tools.iter().map(ChatTool::new).collect(),
        tool_choice: parameters
            .tool_choice
            .filter(|_| has_tools)
            .and_then(tools::choice),
        parallel_tool_calls: request.parallel_tool_calls.filter(|_| has_tools),
    };
    let body =
        serde_json::to_vec(&question).map_err(|fault| failure::unsendable(fault.to_string()))?;
    Ok((body.into(), parameters.dropped))
}

/// Leaves `top_p` out where it is 0, or stands beside a temperature of 0. A
/// model that thinks has another default than 1, so that it must be told.
fn narrow_top_p(parameters: &mut Parameters<'_>) {
    let is_greedy = parameters.temperature == Some(0.0);
    if !is_greedy && parameters.top_p != Some(0.0) {
        return;
    }
    if parameters.top_p.is_some_and(|top_p| top_p < 1.0) {
        parameters.dropped.push("top_p");
    }
    let is_thinking = parameters
        .effort
        .is_some_and(|effort| effort != Effort::None);
    parameters.top_p = (is_greedy && is_thinking).then_some(1.0);
}

/// Puts the seed under its name: `seed`, or `random_seed`, which must not be
/// negative.
fn seeds(call: &ProviderCall<'_>, parameters: &mut Parameters<'_>) -> (Option<i64>, Option<u64>) {
    if call.spec.request.seed_field.as_deref() != Some("random_seed") {
        return (parameters.seed, None);
    }
    let random_seed = parameters.seed.and_then(|seed| u64::try_from(seed).ok());
    if random_seed.is_none() && parameters.seed.is_some() {
        parameters.dropped.push("seed");
    }
    (None, random_seed)
}

fn format(format: &ResponseFormat) -> Option<Format<'_>> {
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some(Format::JsonObject),
        ResponseFormat::JsonSchema {
            name,
            schema,
            strict,
        } => Some(Format::JsonSchema {
            json_schema: JsonSchema {
                name,
                schema,
                strict: strict.then_some(true),
            },
        }),
    }
}
