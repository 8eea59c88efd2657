//! The answer as server-sent events.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::completion::{Completion, put};
use super::usage;
use crate::answer::pieces;
use crate::dialect::Twist;

/// Returns the events: the role, with the request's id; thoughts, content or a
/// tool call; the finish, with usage that nobody asked for; then `[DONE]`.
pub(super) fn events(completion: &Completion<'_>) -> Vec<Bytes> {
    let mut chunks: Vec<Value> = deltas(completion)
        .into_iter()
        .map(|delta| chunk(completion, delta, Value::Null))
        .collect();
    if let Some(first) = chunks.first_mut() {
        put(first, "x_groq", json!({"id": completion.request_id()}));
    }
    if completion.twist == Some(Twist::ErrorInside200) {
        // The role and the first content are out when it breaks.
        chunks.truncate(2);
        let mut last = chunk(completion, json!({}), Value::Null);
        let error = json!({"id": completion.request_id(), "error": "internal server error"});
        put(&mut last, "x_groq", error);
        chunks.push(last);
        return chunks.iter().map(event).collect();
    }
    let mut last = chunk(completion, json!({}), json!(completion.finish_reason));
    let mut extra = json!({"id": completion.request_id()});
    if completion.twist != Some(Twist::NoUsage) {
        let usage = usage::document(completion.model, &completion.tokens);
        put(&mut extra, "usage", usage);
    }
    put(&mut last, "x_groq", extra);
    chunks.push(last);
    let done = Bytes::from_static(b"data: [DONE]\n\n");
    chunks.iter().map(event).chain([done]).collect()
}

fn chunk(completion: &Completion<'_>, delta: Value, finish: Value) -> Value {
    let mut chunk = completion.frame("chat.completion.chunk");
    let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
    put(&mut chunk, "choices", json!([choice]));
    chunk
}

fn event(chunk: &Value) -> Bytes {
    Bytes::from(format!("data: {chunk}\n\n"))
}

fn deltas(completion: &Completion<'_>) -> Vec<Value> {
    let content = completion.content.as_ref().map(|_| "");
    let mut deltas = vec![json!({"role": "assistant", "content": content})];
    if let Some(reasoning) = completion.reasoning {
        deltas.extend(pieces(reasoning).map(|piece| json!({"reasoning": piece})));
    }
    if let Some(text) = &completion.content {
        deltas.extend(pieces(text).map(|piece| json!({"content": piece})));
    }
    if let Some(call) = &completion.tool_call {
        // A call comes whole, not in pieces as OpenAI's do.
        let mut call = call.clone();
        put(&mut call, "index", json!(0));
        deltas.push(json!({"tool_calls": [call]}));
    }
    deltas
}
