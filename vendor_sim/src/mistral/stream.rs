//! The answer as server-sent events.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::completion::{ChoiceParts, Completion, put, thinking_chunk};
use crate::answer::pieces;
use crate::dialect::Twist;

/// Returns the events: for each choice its role, its content and its finish,
/// usage with the last finish, unasked; then `[DONE]`.
pub(super) fn events(completion: &Completion<'_>) -> Vec<Bytes> {
    let mut choices = Vec::new();
    for (index, choice) in completion.choices.iter().enumerate() {
        let deltas = deltas(choice);
        let finish = std::iter::once((last_delta(choice), json!(choice.finish_reason)));
        let chunks = deltas.into_iter().map(|delta| (delta, Value::Null));
        choices.extend(chunks.chain(finish).map(
            |(delta, reason)| json!({"index": index, "delta": delta, "finish_reason": reason}),
        ));
    }
    if completion.twist == Some(Twist::ErrorInside200) {
        // The role and the first content are out when it breaks; the finish
        // reason alone says so.
        choices.truncate(2);
        let end = json!({"index": 0, "delta": {"content": ""}, "finish_reason": "error"});
        choices.push(end);
    }
    let last = choices.len().saturating_sub(1);
    let mut events: Vec<_> = choices
        .into_iter()
        .enumerate()
        .map(|(number, choice)| {
            let mut chunk = completion.frame("chat.completion.chunk");
            put(&mut chunk, "choices", json!([choice]));
            if let Some(usage) = completion.usage().filter(|_| number == last) {
                put(&mut chunk, "usage", usage);
            }
            Bytes::from(format!("data: {chunk}\n\n"))
        })
        .collect();
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

/// Returns the deltas before the one that finishes: thoughts as arrays, the
/// text as strings.
fn deltas(choice: &ChoiceParts<'_>) -> Vec<Value> {
    let mut deltas = vec![json!({"role": "assistant", "content": ""})];
    let thoughts = pieces(choice.thinking.unwrap_or_default());
    deltas.extend(thoughts.map(|piece| json!({"content": [thinking_chunk(piece)]})));
    deltas.extend(pieces(&choice.text).map(|piece| json!({"content": piece})));
    deltas
}

/// A call comes whole, with the finish.
fn last_delta(choice: &ChoiceParts<'_>) -> Value {
    let mut delta = json!({"content": ""});
    if let Some(call) = &choice.tool_call {
        put(&mut delta, "tool_calls", json!([call]));
    }
    delta
}
