//! Writes OpenAI's answer.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{Completion, ContentPart, FinishReason};
use crate::http::headers::describe;

#[derive(Serialize)]
struct ChatCompletion<'a> {
    id: String,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    usage: Usage,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Message<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: String,
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
}

/// Writes an answer that is given at `now`.
pub(super) fn write(completion: &Completion, now: Timestamp) -> Response {
    let body = ChatCompletion {
        id: format!("chatcmpl-{}", completion.request_id),
        object: "chat.completion",
        created: now.as_second(),
        model: completion.model.as_str(),
        choices: [Choice {
            index: 0,
            message: message(completion),
            logprobs: None,
            finish_reason: completion.finish.unwrap_or(FinishReason::Stop).as_str(),
        }],
        usage: usage(completion),
    };
    let mut response = Json(body).into_response();
    describe(&mut response, completion);
    response
}

fn usage(completion: &Completion) -> Usage {
    let tokens = completion.usage.tokens;
    let (input, output) = (tokens.total_input(), tokens.total_output());
    Usage {
        prompt_tokens: input,
        completion_tokens: output,
        total_tokens: input.saturating_add(output),
        prompt_tokens_details: PromptDetails {
            cached_tokens: tokens.cache_read,
        },
        completion_tokens_details: CompletionDetails {
            reasoning_tokens: tokens.reasoning,
        },
    }
}

/// Writes the usage as the last chunk of a stream has it.
pub(super) fn chunk_usage(completion: &Completion) -> serde_json::Value {
    serde_json::to_value(usage(completion)).unwrap_or_default()
}

fn message(completion: &Completion) -> Message<'_> {
    let calls = completion.content.iter().filter_map(|part| match part {
        ContentPart::ToolCall(call) => Some(Call {
            id: &call.id,
            kind: "function",
            function: Function {
                name: &call.name,
                arguments: call.arguments.to_string(),
            },
        }),
        _ => None,
    });
    let tool_calls: Vec<Call<'_>> = calls.collect();
    let text = completion.text();
    Message {
        role: "assistant",
        content: (!text.is_empty() || tool_calls.is_empty()).then_some(text),
        refusal: None,
        tool_calls,
    }
}
