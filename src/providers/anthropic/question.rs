//! Writes a request to the Messages API.

use bytes::Bytes;
use serde::Serialize;

use crate::domain::{Effort, Message, ProviderCall, ProviderError, Role};
use crate::providers::failure;
use crate::providers::parameters::Parameters;

#[derive(Serialize)]
struct Question<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anthropic_version: Option<&'static str>,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<TextBlock<'a>>,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig>,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: Vec<TextBlock<'a>>,
}

#[derive(Serialize)]
struct TextBlock<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct Thinking {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct OutputConfig {
    effort: Effort,
}

/// Where the model and the version of the API stand.
pub(super) enum Address<'a> {
    /// This model in the body, the version in a header.
    Body(&'a str),
    /// The model in the path, this version in the body.
    Path(&'static str),
}

/// Writes the body of a request, and lists what the model does not take.
///
/// # Errors
/// `InvalidRequest` for content that this adapter does not carry.
pub(super) fn write(
    call: &ProviderCall<'_>,
    address: Address<'_>,
) -> Result<(Bytes, Vec<&'static str>), ProviderError> {
    failure::refuse_what_is_not_carried(call.request)?;
    let mut parameters = Parameters::new(call);
    // The vendor refuses a stop sequence of blanks alone.
    let stops = parameters.stop.iter().map(String::as_str);
    let stop_sequences: Vec<&str> = stops.filter(|stop| !stop.trim().is_empty()).collect();
    if stop_sequences.len() < parameters.stop.len() {
        parameters.dropped.push("stop");
    }
    let (thinking, output_config) = match parameters.effort {
        None => (None, None),
        Some(Effort::None) => (Some(Thinking { kind: "disabled" }), None),
        Some(effort) => (
            Some(Thinking { kind: "adaptive" }),
            Some(OutputConfig { effort }),
        ),
    };
    let (system, turns): (Vec<&Message>, Vec<&Message>) = call
        .request
        .messages
        .iter()
        .partition(|message| message.role == Role::System);
    let (model, anthropic_version) = match address {
        Address::Body(model) => (Some(model), None),
        Address::Path(version) => (None, Some(version)),
    };
    let question = Question {
        model,
        anthropic_version,
        max_tokens: parameters.output_limit,
        system: system.into_iter().flat_map(blocks).collect(),
        messages: opening(&turns)
            .into_iter()
            .chain(turns.into_iter().map(turn))
            .collect(),
        temperature: parameters.temperature,
        top_p: parameters.top_p,
        stop_sequences,
        thinking,
        output_config,
    };
    let body =
        serde_json::to_vec(&question).map_err(|fault| failure::unsendable(fault.to_string()))?;
    Ok((body.into(), parameters.dropped))
}

/// Returns a turn to put in front of a conversation that the assistant opens,
/// as chat bots do with a greeting: this vendor alone wants the user first.
fn opening(turns: &[&Message]) -> Option<Turn<'static>> {
    let first = turns.first()?;
    (first.role == Role::Assistant).then(|| Turn {
        role: "user",
        content: vec![TextBlock {
            kind: "text",
            text: "(the conversation begins)",
        }],
    })
}

fn turn(message: &Message) -> Turn<'_> {
    let role = match message.role {
        Role::Assistant => "assistant",
        Role::System | Role::User | Role::Tool => "user",
    };
    Turn {
        role,
        content: blocks(message).collect(),
    }
}

/// Lists the texts of a message; the vendor refuses empty ones.
fn blocks(message: &Message) -> impl Iterator<Item = TextBlock<'_>> {
    let texts = message.texts().filter(|text| !text.trim().is_empty());
    texts.map(|text| TextBlock { kind: "text", text })
}
