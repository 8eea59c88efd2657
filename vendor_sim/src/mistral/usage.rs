//! What Mistral counts.

use serde_json::{Value, json};

use super::models::{CachedTokens, Model};
use super::request::{
    AssistantMessage, Chunk, Either, Message, Request, SystemChunk, ThoughtChunk, Tool, ToolCall,
};
use crate::bill::BilledTokens;
use crate::strict::Content;
use crate::tokens::{ATTACHMENT_TOKENS, MESSAGE_TOKENS, token_count};

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
    last.and_then(|message| message.content.as_ref()?.texts(chunk_text).last())
        .unwrap_or_default()
}

/// Returns the text that the answer must begin with, if the conversation ends
/// with one.
pub(super) fn prefix(request: &Request) -> Option<String> {
    match request.messages.last() {
        Some(Message::Assistant(message)) => {
            Some(message.content.as_ref()?.texts(chunk_text).collect())
        }
        _ => None,
    }
}

/// Tells whether the conversation ends with a tool's result.
pub(super) fn ends_with_result(request: &Request) -> bool {
    matches!(request.messages.last(), Some(Message::Tool(_)))
}

/// Counts texts, thoughts, attachments, tools and tool calls.
pub(super) fn input_tokens(request: &Request) -> u64 {
    let messages: u64 = request.messages.iter().map(message_tokens).sum();
    let tools: u64 = request.tools.iter().flatten().map(tool_tokens).sum();
    messages + tools
}

fn message_tokens(message: &Message) -> u64 {
    MESSAGE_TOKENS
        + match message {
            Message::System(message) => match &message.content {
                Content::Text(text) => token_count(text),
                Content::Parts(chunks) => chunks.iter().map(system_chunk_tokens).sum(),
            },
            Message::User(message) => content_tokens(message.content.as_ref()),
            Message::Assistant(message) => {
                content_tokens(message.content.as_ref()) + call_tokens(message)
            }
            Message::Tool(message) => {
                content_tokens(message.content.as_ref())
                    + message.name.as_deref().map_or(0, token_count)
            }
        }
}

fn content_tokens(content: Option<&Content<Chunk>>) -> u64 {
    match content {
        None => 0,
        Some(Content::Text(text)) => token_count(text),
        Some(Content::Parts(chunks)) => chunks.iter().map(chunk_tokens).sum(),
    }
}

fn chunk_tokens(chunk: &Chunk) -> u64 {
    match chunk {
        Chunk::Text(chunk) => token_count(&chunk.text),
        Chunk::Thinking(chunk) => thought_tokens(&chunk.thinking),
        Chunk::Reference(_) => 0,
        Chunk::ImageUrl(_) | Chunk::DocumentUrl(_) | Chunk::File(_) | Chunk::InputAudio(_) => {
            ATTACHMENT_TOKENS
        }
    }
}

fn system_chunk_tokens(chunk: &SystemChunk) -> u64 {
    match chunk {
        SystemChunk::Text(chunk) => token_count(&chunk.text),
        SystemChunk::Thinking(chunk) => thought_tokens(&chunk.thinking),
    }
}

fn thought_tokens(thoughts: &[ThoughtChunk]) -> u64 {
    let text = thoughts.iter().map(|thought| match thought {
        ThoughtChunk::Text(chunk) => token_count(&chunk.text),
        ThoughtChunk::ToolReference(_) | ThoughtChunk::Reference(_) => 0,
    });
    text.sum()
}

fn call_tokens(message: &AssistantMessage) -> u64 {
    let calls = message.tool_calls.iter().flatten();
    let tokens = calls.map(|ToolCall { function, .. }| {
        token_count(&function.name)
            + match &function.arguments {
                Either::Text(text) => token_count(text),
                Either::Object(object) => token_count(&object.as_value().to_string()),
            }
    });
    tokens.sum()
}

fn tool_tokens(Tool { function, .. }: &Tool) -> u64 {
    token_count(&function.name)
        + function.description.as_deref().map_or(0, token_count)
        + token_count(&function.parameters.as_value().to_string())
}

fn chunk_text(chunk: &Chunk) -> Option<&str> {
    match chunk {
        Chunk::Text(chunk) => Some(&chunk.text),
        _ => None,
    }
}

/// Writes the `usage` member. Tokens read from the cache are part of the
/// prompt's; thinking is part of the completion's and not told apart.
pub(super) fn document(model: &Model, tokens: &BilledTokens) -> Value {
    let (input, output) = (tokens.total_input(), tokens.total_output());
    let cached = tokens.cache_read;
    let details = json!({"cached_tokens": cached});
    let told = match model.cached {
        CachedTokens::Twice => vec![
            ("num_cached_tokens", json!(cached)),
            ("prompt_tokens_details", details),
        ],
        CachedTokens::Number => vec![("num_cached_tokens", json!(cached))],
        CachedTokens::Details => vec![("prompt_tokens_details", details)],
        CachedTokens::OddDetails => vec![("prompt_token_details", details)],
    };
    let counts = [
        ("prompt_tokens", json!(input)),
        ("completion_tokens", json!(output)),
        ("total_tokens", json!(input + output)),
    ];
    let members = counts.into_iter().chain(told);
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
