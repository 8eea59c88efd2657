//! Writes a request to the Messages API.

mod block;
mod marks;
mod tools;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Effort, Message, ProviderCall, ProviderError, ResponseFormat, Role};
use crate::providers::failure;
use crate::providers::parameters::Parameters;
use block::{Block, Marked, Turn};
use tools::{Choice, ToolForm};

#[derive(Serialize)]
struct Question<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anthropic_version: Option<&'static str>,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Marked<'a>>,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolForm<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
}

#[derive(Serialize)]
struct Thinking {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<Effort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
}

#[derive(Serialize)]
struct Format<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: &'a Value,
}

/// Stands in for a mode that the vendor does not have.
const JSON_ALONE: &str = "Answer with one JSON object and nothing else.";

/// Where the model and the version of the API stand.
pub(super) enum Address<'a> {
    /// This model in the body, the version in a header.
    Body(&'a str),
    /// The model in the path, this version in the body.
    Path(&'static str),
}

/// The most output that the vendor's own SDK asks for at once, in tokens: ten
/// minutes' worth. More is asked for as a stream.
const MAX_AT_ONCE: u32 = 21_333;

/// A request that is written.
pub(super) struct Written {
    pub(super) body: Bytes,
    /// Whether the answer comes as a stream.
    pub(super) is_streamed: bool,
    /// What the model does not take.
    pub(super) dropped: Vec<&'static str>,
}

/// Writes a request.
///
/// # Errors
/// `InvalidRequest` if it cannot be written.
pub(super) fn write(
    call: &ProviderCall<'_>,
    address: Address<'_>,
) -> Result<Written, ProviderError> {
    let mut parameters = Parameters::new(call);
    // The vendor refuses a stop sequence of blanks alone.
    let stops = parameters.stop.iter().map(String::as_str);
    let stop_sequences: Vec<&str> = stops.filter(|stop| !stop.trim().is_empty()).collect();
    if stop_sequences.len() < parameters.stop.len() {
        parameters.dropped.push("stop");
    }
    let (thinking, effort) = match parameters.effort {
        None => (None, None),
        Some(Effort::None) => (Some(Thinking { kind: "disabled" }), None),
        Some(effort) => (Some(Thinking { kind: "adaptive" }), Some(effort)),
    };
    let request = call.request;
    let format = format(&request.response_format);
    let has_config = effort.is_some() || format.is_some();
    let (system, turns): (Vec<&Message>, Vec<&Message>) = call
        .request
        .messages
        .iter()
        .partition(|message| message.role == Role::System);
    let (model, anthropic_version) = match address {
        Address::Body(model) => (Some(model), None),
        Address::Path(version) => (None, Some(version)),
    };
    let is_streamed = call.sink.is_some() || parameters.output_limit > MAX_AT_ONCE;
    let mut system = instructions(&system, &request.response_format);
    let mut messages = block::turns(&turns);
    let mut tools = tools::tools(request);
    marks::settle(request, &mut tools, &mut system, &mut messages);
    let question = Question {
        model,
        anthropic_version,
        max_tokens: parameters.output_limit,
        system,
        messages,
        temperature: parameters.temperature,
        top_p: parameters.top_p,
        top_k: parameters.top_k,
        stop_sequences,
        thinking,
        output_config: has_config.then_some(OutputConfig { effort, format }),
        stream: is_streamed.then_some(true),
        tool_choice: tools::choice(request, &tools, parameters.tool_choice),
        tools,
    };
    let body =
        serde_json::to_vec(&question).map_err(|fault| failure::unsendable(fault.to_string()))?;
    Ok(Written {
        body: body.into(),
        is_streamed,
        dropped: parameters.dropped,
    })
}

fn instructions<'a>(system: &[&'a Message], format: &ResponseFormat) -> Vec<Marked<'a>> {
    let mut blocks = Vec::new();
    for message in system {
        block::extend(&mut blocks, &message.content);
    }
    let wants_object = *format == ResponseFormat::JsonObject;
    let in_words = wants_object.then_some(Block::Text { text: JSON_ALONE });
    blocks.extend(in_words.map(Marked::from));
    blocks
}

/// Writes the format; the vendor holds answers to schemas alone, so that a
/// mere object is asked for in words.
fn format(format: &ResponseFormat) -> Option<Format<'_>> {
    match format {
        ResponseFormat::Text | ResponseFormat::JsonObject => None,
        ResponseFormat::JsonSchema { schema, .. } => Some(Format {
            kind: "json_schema",
            schema,
        }),
    }
}
