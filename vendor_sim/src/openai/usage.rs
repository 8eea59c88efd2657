//! What OpenAI counts.

use serde_json::{Value, json};

use super::models::{CacheWriteCount, Model};
use super::request::{AssistantPart, Message, Request, TextOnly, Tool, ToolCall, UserPart};
use crate::bill::{BilledTokens, CacheWrites};
use crate::tokens::{ATTACHMENT_TOKENS, MESSAGE_TOKENS, token_count};

/// Returns every text of the messages, in order.
pub(super) fn texts(request: &Request) -> impl Iterator<Item = &str> {
    request.messages.iter().flat_map(message_texts)
}

fn message_texts(message: &Message) -> Vec<&str> {
    match message {
        Message::System(message) | Message::Developer(message) => {
            message.content.texts(text_only).collect()
        }
        Message::User(message) => message.content.texts(user_text).collect(),
        Message::Assistant(message) => message
            .content
            .iter()
            .flat_map(|content| content.texts(assistant_text))
            .collect(),
        Message::Tool(message) => message.content.texts(text_only).collect(),
    }
}

fn text_only(part: &TextOnly) -> Option<&str> {
    let TextOnly::Text(part) = part;
    Some(&part.text)
}

fn user_text(part: &UserPart) -> Option<&str> {
    match part {
        UserPart::Text(part) => Some(&part.text),
        UserPart::ImageUrl(_) | UserPart::File(_) => None,
    }
}

fn assistant_text(part: &AssistantPart) -> Option<&str> {
    match part {
        AssistantPart::Text(part) => Some(&part.text),
        AssistantPart::Refusal(part) => Some(&part.refusal),
    }
}

/// Returns the text that the answer is about: the user's last.
pub(super) fn last_user_text(request: &Request) -> &str {
    let last = request
        .messages
        .iter()
        .rev()
        .find_map(|message| match message {
            Message::User(message) => Some(message),
            _ => None,
        });
    last.and_then(|message| message.content.texts(user_text).last())
        .unwrap_or_default()
}

/// Tells whether the conversation ends with a tool's result.
pub(super) fn ends_with_result(request: &Request) -> bool {
    matches!(request.messages.last(), Some(Message::Tool(_)))
}

/// Counts texts, names, attachments, tools and tool calls.
pub(super) fn input_tokens(request: &Request) -> u64 {
    let text: u64 = texts(request).map(token_count).sum();
    let rest: u64 = request.messages.iter().map(beside_text).sum();
    let tools: u64 = request.tools.iter().flatten().map(tool_tokens).sum();
    text + rest + tools
}

fn beside_text(message: &Message) -> u64 {
    let named = |name: &Option<String>| name.as_deref().map_or(0, token_count);
    MESSAGE_TOKENS
        + match message {
            Message::System(message) | Message::Developer(message) => named(&message.name),
            Message::User(message) => {
                let attached = message
                    .content
                    .parts()
                    .iter()
                    .filter(|p| user_text(p).is_none());
                named(&message.name) + ATTACHMENT_TOKENS * attached.count() as u64
            }
            Message::Assistant(message) => {
                let calls = message.tool_calls.iter().flatten();
                let calls = calls.map(|ToolCall::Function(call)| {
                    token_count(&call.function.name) + token_count(&call.function.arguments)
                });
                named(&message.name) + calls.sum::<u64>()
            }
            Message::Tool(_) => 0,
        }
}

fn tool_tokens(tool: &Tool) -> u64 {
    let Tool::Function(tool) = tool;
    let function = &tool.function;
    let schema = function
        .parameters
        .as_ref()
        .map(|schema| schema.as_value().to_string());
    token_count(&function.name)
        + function.description.as_deref().map_or(0, token_count)
        + schema.as_deref().map_or(0, token_count)
}

/// Splits the input as the model's bill does.
pub(super) fn split(model: &Model, input_tokens: u64) -> BilledTokens {
    let writes = match model.cache_writes {
        CacheWriteCount::Reported => CacheWrites::Short,
        CacheWriteCount::Unreported => CacheWrites::None,
    };
    BilledTokens::of_input(input_tokens, writes)
}

/// Writes the `usage` member. Cached and written tokens are part of the
/// prompt's, reasoning is part of the completion's.
pub(super) fn document(model: &Model, tokens: &BilledTokens) -> Value {
    let mut prompt_details = json!({"cached_tokens": tokens.cache_read, "audio_tokens": 0});
    if model.cache_writes == CacheWriteCount::Reported
        && let Some(details) = prompt_details.as_object_mut()
    {
        details.insert("cache_write_tokens".to_owned(), json!(tokens.cache_write));
    }
    json!({
        "prompt_tokens": tokens.total_input(),
        "completion_tokens": tokens.total_output(),
        "total_tokens": tokens.total_input() + tokens.total_output(),
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}
