//! Writes a chat completion request.

use bytes::Bytes;
use serde::Serialize;

use super::dialect::{Dialect, Instructions, Prefill, Thoughts, TopPRange};
use crate::domain::{
    Capability, ContentPart, Effort, MaxTokensField, Message, ProviderCall, ProviderError, Role,
};
use crate::providers::failure;
use crate::providers::parameters::Parameters;

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
}

#[derive(Serialize)]
struct ChatMessage<'a> {
    role: &'static str,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Parts(Vec<TextPart<'a>>),
}

#[derive(Serialize)]
struct TextPart<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

/// Writes the body of a request, and lists what the model does not take.
///
/// # Errors
/// `InvalidRequest` for content that this adapter does not carry.
pub(super) fn write(
    dialect: &Dialect,
    call: &ProviderCall<'_>,
) -> Result<(Bytes, Vec<&'static str>), ProviderError> {
    failure::refuse_what_is_not_carried(call.request)?;
    let mut parameters = Parameters::new(call);
    let is_reasoning = call.spec.capabilities.contains(Capability::Reasoning);
    let system_role = if is_reasoning {
        dialect.reasoning_system_role
    } else {
        "system"
    };
    let messages = call.request.messages.iter();
    let mut messages: Vec<_> = messages
        .map(|message| chat_message(message, system_role))
        .collect();
    if dialect.instructions == Instructions::First {
        // The sort is stable: everything else keeps its order.
        messages.sort_by_key(|message| message.role != system_role);
    }
    if dialect.prefill == Prefill::Flagged
        && let Some(last) = messages.last_mut()
    {
        last.prefix = (last.role == "assistant").then_some(true);
    }
    if dialect.top_p == TopPRange::AboveZero {
        narrow_top_p(&mut parameters);
    }
    let (seed, random_seed) = seeds(call, &mut parameters);
    let (max_tokens, max_completion_tokens) = match call.spec.request.max_tokens_field {
        MaxTokensField::MaxTokens => (Some(parameters.output_limit), None),
        MaxTokensField::MaxCompletionTokens => (None, Some(parameters.output_limit)),
    };
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

fn chat_message<'a>(message: &'a Message, system_role: &'static str) -> ChatMessage<'a> {
    let role = match message.role {
        Role::System => system_role,
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let content = match message.content.as_slice() {
        [ContentPart::Text(text)] => Content::Text(text),
        _ => {
            let part = |text| TextPart { kind: "text", text };
            Content::Parts(message.texts().map(part).collect())
        }
    };
    ChatMessage {
        role,
        content,
        prefix: None,
    }
}
