//! The answer as server-sent events.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::completion::{ChoiceParts, Completion, put};
use super::{trouble, usage};
use crate::answer::pieces;
use crate::dialect::Twist;

/// Returns the events: for each choice its role, its content and its finish;
/// then usage if asked for; then `[DONE]`.
pub(super) fn events(completion: &Completion<'_>) -> Vec<Bytes> {
    let request = &completion.checked.request;
    let options = request.stream_options.as_ref();
    let includes_usage = options.and_then(|options| options.include_usage) == Some(true);
    let obfuscates = options.and_then(|options| options.include_obfuscation) != Some(false);
    let mut chunks = Vec::new();
    for (index, choice) in completion.choices.iter().enumerate() {
        for delta in deltas(choice) {
            chunks.push(json!([{"index": index, "delta": delta, "logprobs": null,
                "finish_reason": null}]));
        }
        chunks.push(json!([{"index": index, "delta": {}, "logprobs": null,
            "finish_reason": choice.finish_reason}]));
    }
    let is_error = completion.twist == Some(Twist::ErrorInside200);
    if is_error {
        // The role and the first content are out when it breaks.
        chunks.truncate(2);
    }
    let mut events: Vec<_> = chunks
        .into_iter()
        .map(|choices| {
            let mut chunk = completion.frame("chat.completion.chunk");
            put(&mut chunk, "choices", choices);
            if includes_usage {
                put(&mut chunk, "usage", Value::Null);
            }
            if obfuscates {
                put(&mut chunk, "obfuscation", json!("x7Qz"));
            }
            event(&chunk)
        })
        .collect();
    if is_error {
        events.push(event(&trouble::server_error().body()));
        return events;
    }
    if includes_usage && completion.twist != Some(Twist::NoUsage) {
        let mut chunk = completion.frame("chat.completion.chunk");
        put(&mut chunk, "choices", json!([]));
        put(
            &mut chunk,
            "usage",
            usage::document(completion.checked.model, &completion.tokens),
        );
        events.push(event(&chunk));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn event(chunk: &Value) -> Bytes {
    Bytes::from(format!("data: {chunk}\n\n"))
}

fn deltas(choice: &ChoiceParts<'_>) -> Vec<Value> {
    let content = choice.content.as_ref().map(|_| "");
    let mut deltas = vec![json!({"role": "assistant", "content": content, "refusal": null})];
    let mut add = |member: &str, text: &str| {
        deltas.extend(pieces(text).map(|piece| json!({member: piece})));
    };
    if let Some(text) = &choice.content {
        add("content", text);
    }
    if let Some(text) = &choice.refusal {
        add("refusal", text);
    }
    if let Some(call) = &choice.tool_call {
        deltas.push(
            json!({"tool_calls": [{"index": 0, "id": call.id, "type": "function",
            "function": {"name": call.name, "arguments": ""}}]}),
        );
        deltas.extend(
            pieces(&call.arguments).map(
                |piece| json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}),
            ),
        );
    }
    deltas
}
