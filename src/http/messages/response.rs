//! Writes Anthropic's answer.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use crate::domain::{Completion, ContentPart, FinishReason, RequestId};
use crate::http::headers;

/// Writes an answer.
pub(super) fn write(completion: &Completion) -> Response {
    let id = completion.request_id;
    let content: Vec<Value> = completion.content.iter().filter_map(block).collect();
    let model = completion.model.as_str();
    let mut message = message(id, model, &content, &usage(completion));
    if let Some(members) = message.as_object_mut() {
        members.extend(stop(completion));
    }
    let mut response = Json(message).into_response();
    headers::describe(&mut response, completion);
    headers::put(response.headers_mut(), "request-id", &id.to_string());
    response
}

/// Writes a message without content.
pub(super) fn frame(id: RequestId, model: &str) -> Value {
    let nothing = json!({"input_tokens": 0, "output_tokens": 0});
    message(id, model, &[], &nothing)
}

fn message(id: RequestId, model: &str, content: &[Value], usage: &Value) -> Value {
    json!({
        "id": format!("msg_{id}"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": null,
        "stop_sequence": null,
        "usage": usage,
    })
}

/// Writes a part; `None` for what no answer has, and for thoughts without a
/// seal, which nobody could send back.
fn block(part: &ContentPart) -> Option<Value> {
    match part {
        ContentPart::Text(text) if text.is_empty() => None,
        ContentPart::Text(text) => Some(json!({"type": "text", "text": text})),
        ContentPart::Reasoning { text, signature } => {
            let signature = signature.as_ref()?;
            Some(json!({"type": "thinking", "thinking": text, "signature": signature}))
        }
        ContentPart::ToolCall(call) => Some(json!({"type": "tool_use", "id": call.id,
            "name": call.name, "input": call.arguments})),
        ContentPart::Image(_) | ContentPart::ToolResult(_) | ContentPart::CacheMark(_) => None,
    }
}

/// Says why the answer ended, in Anthropic's words. Of the vendors it alone
/// tells a stop sequence from the end.
pub(super) fn stop(completion: &Completion) -> Map<String, Value> {
    let reason = match completion.finish.unwrap_or(FinishReason::Stop) {
        FinishReason::Stop if completion.stop_sequence.is_some() => "stop_sequence",
        FinishReason::Stop => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::ContentFilter => "refusal",
        FinishReason::ToolCalls => "tool_use",
    };
    Map::from_iter([
        ("stop_reason".to_owned(), json!(reason)),
        ("stop_sequence".to_owned(), json!(completion.stop_sequence)),
    ])
}

/// Writes the usage in Anthropic's classes, which are disjoint as ours are;
/// thinking is output.
pub(super) fn usage(completion: &Completion) -> Value {
    let tokens = completion.usage.tokens;
    json!({
        "input_tokens": tokens.input,
        "cache_creation_input_tokens": tokens.cache_write(),
        "cache_read_input_tokens": tokens.cache_read,
        "output_tokens": tokens.total_output(),
    })
}
