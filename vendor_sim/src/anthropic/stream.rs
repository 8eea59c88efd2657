//! The answer as server-sent events with names.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::message::{Message, put};
use super::{trouble, usage};
use crate::answer::pieces;
use crate::bill::BilledTokens;
use crate::dialect::Twist;

/// Returns the events: the message's head, its blocks, its end.
pub(super) fn events(message: &Message<'_>) -> Vec<Bytes> {
    let begun = BilledTokens {
        output: 1,
        reasoning: 0,
        ..message.tokens
    };
    let head = message.frame(&[], &begun);
    let mut events = vec![
        event("message_start", json!({"message": head})),
        event("ping", json!({})),
    ];
    for (index, block) in message.content.iter().enumerate() {
        let (opening, deltas) = taken_apart(block);
        events.push(event(
            "content_block_start",
            json!({"index": index, "content_block": opening}),
        ));
        events.extend(deltas.into_iter().map(|delta| {
            event(
                "content_block_delta",
                json!({"index": index, "delta": delta}),
            )
        }));
        events.push(event("content_block_stop", json!({"index": index})));
    }
    if message.call.twist == Some(Twist::ErrorInside200) {
        // The head and the start of a block are out when it breaks.
        events.truncate(4);
        let body = trouble::overloaded().body(message.call);
        events.push(Bytes::from(format!("event: error\ndata: {body}\n\n")));
        return events;
    }
    events.push(event("message_delta", end(message)));
    events.push(event("message_stop", json!({})));
    events
}

fn event(name: &str, mut data: Value) -> Bytes {
    put(&mut data, "type", json!(name));
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

fn end(message: &Message<'_>) -> Value {
    let mut end = json!({"delta": {
        "stop_reason": message.stop_reason,
        "stop_sequence": message.stop_sequence,
        "stop_details": message.stop_details,
        "container": null,
    }});
    if message.call.twist != Some(Twist::NoUsage) {
        let whole = usage::document(&message.tokens);
        let shown: serde_json::Map<_, _> = [
            "input_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
            "output_tokens",
            "output_tokens_details",
            "server_tool_use",
        ]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), whole.get(name)?.clone())))
        .collect();
        put(&mut end, "usage", Value::Object(shown));
    }
    end
}

/// Takes a block apart: how it opens, and what is added to it.
fn taken_apart(block: &Value) -> (Value, Vec<Value>) {
    let text = |member: &str| {
        block
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let mut opening = block.clone();
    let deltas = match text("type") {
        "text" => {
            put(&mut opening, "text", json!(""));
            let deltas = pieces(text("text"));
            deltas
                .map(|piece| json!({"type": "text_delta", "text": piece}))
                .collect()
        }
        "thinking" => {
            put(&mut opening, "thinking", json!(""));
            put(&mut opening, "signature", json!(""));
            let thoughts = pieces(text("thinking"));
            let thoughts = thoughts.map(|t| json!({"type": "thinking_delta", "thinking": t}));
            let signature = json!({"type": "signature_delta", "signature": text("signature")});
            thoughts.chain([signature]).collect()
        }
        "tool_use" => {
            put(&mut opening, "input", json!({}));
            let input = block.get("input").map(Value::to_string).unwrap_or_default();
            // Like the real one, begins with nothing.
            let begun = [json!({"type": "input_json_delta", "partial_json": ""})];
            let rest = pieces(&input)
                .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
            begun.into_iter().chain(rest).collect()
        }
        _ => Vec::new(),
    };
    (opening, deltas)
}
