//! What Groq counts.

use serde_json::{Value, json};

use super::models::{Cache, Model};
use super::request::{Message, Request, TextOnly, Tool, ToolCall, UserPart};
use crate::bill::{BilledTokens, CacheWrites};
use crate::tokens::{ATTACHMENT_TOKENS, MESSAGE_TOKENS, token_count};

pub(super) fn text_only(part: &TextOnly) -> Option<&str> {
    let TextOnly::Text(part) = part;
    Some(&part.text)
}

pub(super) fn user_text(part: &UserPart) -> Option<&str> {
    match part {
        UserPart::Text(part) => Some(&part.text),
        UserPart::ImageUrl(_) => None,
    }
}

fn texts(message: &Message) -> Vec<&str> {
    match message {
        Message::System(message) | Message::Developer(message) => {
            message.content.texts(text_only).collect()
        }
        Message::User(message) => message.content.texts(user_text).collect(),
        Message::Assistant(message) => {
            let content = message.content.iter();
            let texts = content.flat_map(|content| content.texts(text_only));
            texts.chain(message.reasoning.as_deref()).collect()
        }
        Message::Tool(message) => message.content.texts(text_only).collect(),
    }
}

/// Returns the text that the answer is about: the user's last.
pub(super) fn last_user_text(request: &Request) -> &str {
    let mut messages = request.messages.iter().rev();
    let last = messages.find_map(|message| match message {
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

/// Tells whether any message speaks of JSON.
pub(super) fn speaks_of_json(request: &Request) -> bool {
    let mut texts = request.messages.iter().flat_map(texts);
    texts.any(|text| text.to_lowercase().contains("json"))
}

/// Counts texts, attachments, tools and tool calls.
pub(super) fn input_tokens(request: &Request) -> u64 {
    let messages: u64 = request.messages.iter().map(message_tokens).sum();
    let tools: u64 = request.tools.iter().flatten().map(tool_tokens).sum();
    messages + tools
}

fn message_tokens(message: &Message) -> u64 {
    let text: u64 = texts(message).into_iter().map(token_count).sum();
    let beside = match message {
        Message::User(message) => {
            let parts = message.content.parts().iter();
            ATTACHMENT_TOKENS * parts.filter(|part| user_text(part).is_none()).count() as u64
        }
        Message::Assistant(message) => {
            let calls = message.tool_calls.iter().flatten();
            let calls = calls.map(|ToolCall::Function(call)| {
                token_count(&call.function.name) + token_count(&call.function.arguments)
            });
            calls.sum()
        }
        Message::System(_) | Message::Developer(_) | Message::Tool(_) => 0,
    };
    MESSAGE_TOKENS + text + beside
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
    match model.cache {
        Cache::Counted => BilledTokens::of_input(input_tokens, CacheWrites::None),
        Cache::None => BilledTokens {
            input: input_tokens,
            ..BilledTokens::default()
        },
    }
}

/// Writes the `usage` member: cached tokens are part of the prompt's,
/// reasoning is part of the completion's, and times are told in seconds.
pub(super) fn document(model: &Model, tokens: &BilledTokens) -> Value {
    let (prompt, completion) = (tokens.total_input(), tokens.total_output());
    let mut usage = json!({
        "queue_time": 0.05,
        "prompt_tokens": prompt,
        "prompt_time": prompt as f64 / 10_000.0,
        "completion_tokens": completion,
        "completion_time": completion as f64 / 1_000.0,
        "total_tokens": prompt + completion,
        "total_time": prompt as f64 / 10_000.0 + completion as f64 / 1_000.0,
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    });
    if model.cache == Cache::Counted
        && let Some(members) = usage.as_object_mut()
    {
        let details = json!({"cached_tokens": tokens.cache_read});
        members.insert("prompt_tokens_details".to_owned(), details);
    }
    usage
}
