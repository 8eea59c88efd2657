//! The answer in pieces: as server-sent events, or as one long array.

use axum::body::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::response::Response;
use super::{document, trouble};
use crate::answer::pieces;
use crate::bill::BilledTokens;
use crate::dialect::{Reply, Twist};

/// Pieces that are out when an error breaks off the stream.
const BEFORE_ERROR: usize = 2;

/// Writes events without names, and without a mark for the end.
pub(super) fn events(response: &Response<'_>) -> Reply {
    let mut events: Vec<_> = chunks(response)
        .iter()
        .map(|chunk| Bytes::from(format!("data: {chunk}\r\n\r\n")))
        .collect();
    if breaks(response) {
        events.truncate(BEFORE_ERROR);
        // Seen on real streams: no `data:`, and an array around it.
        let error = json!([trouble::internal().body()]);
        events.push(Bytes::from(format!("{}\n", document::pretty(&error))));
    }
    reply("text/event-stream", events)
}

/// Writes an array with an element for each event.
pub(super) fn array(response: &Response<'_>) -> Reply {
    let mut elements = chunks(response);
    if breaks(response) {
        elements.truncate(BEFORE_ERROR);
        elements.push(trouble::internal().body());
    }
    let begun = elements.iter().enumerate().map(|(index, element)| {
        let mark = if index == 0 { "[" } else { ",\r\n" };
        Bytes::from(format!("{mark}{}", document::pretty(element)))
    });
    let pieces = begun.chain([Bytes::from_static(b"\n]\n")]);
    reply("application/json; charset=UTF-8", pieces.collect())
}

fn breaks(response: &Response<'_>) -> bool {
    response.call.twist == Some(Twist::ErrorInside200)
}

fn reply(content_type: &str, pieces: Vec<Bytes>) -> Reply {
    Reply {
        status: StatusCode::OK,
        headers: vec![("content-type", content_type.to_owned())],
        pieces,
        bill: None,
    }
}

/// Returns the events' documents. Each tells the usage so far, the last one
/// all of it.
fn chunks(response: &Response<'_>) -> Vec<Value> {
    if response.candidates.is_empty() {
        return vec![response.frame(Vec::new(), &response.tokens)];
    }
    let mut chunks = Vec::new();
    let mut so_far = BilledTokens {
        output: 0,
        reasoning: 0,
        ..response.tokens
    };
    for (index, candidate) in response.candidates.iter().enumerate() {
        for part in candidate.parts.iter().flat_map(fragments) {
            so_far.output = (so_far.output + 1).min(response.tokens.output);
            let candidate = response.candidate(index, vec![part], None);
            chunks.push(response.frame(vec![candidate], &so_far));
        }
        let last = match (&candidate.signature, candidate.parts.as_slice()) {
            (Some(signature), _) => vec![json!({"text": "", "thoughtSignature": signature})],
            (None, []) => Vec::new(),
            (None, _) => vec![json!({"text": ""})],
        };
        let is_last = index + 1 == response.candidates.len();
        let tokens = if is_last { &response.tokens } else { &so_far };
        let end = response.candidate(index, last, Some(candidate.finish_reason));
        chunks.push(response.frame(vec![end], tokens));
    }
    chunks
}

/// Cuts a text into pieces; what is no text comes whole.
fn fragments(part: &Value) -> Vec<Value> {
    let Some(text) = part.get("text").and_then(Value::as_str) else {
        return vec![part.clone()];
    };
    let is_thought = part.get("thought") == Some(&Value::Bool(true));
    pieces(text)
        .map(|piece| {
            if is_thought {
                json!({"text": piece, "thought": true})
            } else {
                json!({"text": piece})
            }
        })
        .collect()
}
