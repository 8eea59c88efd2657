//! Writes an answer as Anthropic's events.

use axum::body::Bytes;
use axum::response::Response;
use serde_json::{Value, json};

use super::envelope::{document, error_response};
use super::response::{frame, stop, usage};
use crate::domain::{Chunk, Completion, ContentPart, Error, RequestId};
use crate::http::event_stream::EventWriter;

/// Writes an answer as it comes: its text, then what is of no use in part.
pub(super) struct MessageWriter {
    id: RequestId,
    /// Blocks that have begun.
    blocks: u32,
    /// The last of them is text that may go on.
    is_open: bool,
}

impl MessageWriter {
    pub(super) const fn new(id: RequestId) -> Self {
        Self {
            id,
            blocks: 0,
            is_open: false,
        }
    }

    /// Writes a block with its one delta.
    fn whole(&mut self, part: &ContentPart, events: &mut Vec<Bytes>) {
        let (head, deltas) = match part {
            ContentPart::ToolCall(call) => {
                let head = json!({"type": "tool_use", "id": call.id, "name": call.name,
                    "input": {}});
                let arguments = call.arguments.to_string();
                let delta = json!({"type": "input_json_delta", "partial_json": arguments});
                (head, vec![delta])
            }
            ContentPart::Reasoning {
                text,
                signature: Some(seal),
            } => {
                let head = json!({"type": "thinking", "thinking": "", "signature": ""});
                let thought = json!({"type": "thinking_delta", "thinking": text});
                let seal = json!({"type": "signature_delta", "signature": seal});
                (head, vec![thought, seal])
            }
            _ => return,
        };
        let index = self.blocks;
        self.blocks += 1;
        let start = json!({"type": "content_block_start", "index": index, "content_block": head});
        events.push(event(&start));
        for delta in deltas {
            events.push(event(
                &json!({"type": "content_block_delta", "index": index, "delta": delta}),
            ));
        }
        events.push(event(
            &json!({"type": "content_block_stop", "index": index}),
        ));
    }
}

impl EventWriter for MessageWriter {
    fn begin(&mut self, model: &str) -> Vec<Bytes> {
        let message = frame(self.id, model);
        vec![event(&json!({"type": "message_start", "message": message}))]
    }

    fn piece(&mut self, chunk: &Chunk) -> Option<Bytes> {
        let Chunk::Text(text) = chunk else {
            return None;
        };
        if text.is_empty() {
            return None;
        }
        let mut events = Vec::new();
        if !self.is_open {
            let block = json!({"type": "text", "text": ""});
            let start = json!({"type": "content_block_start", "index": self.blocks, "content_block": block});
            events.extend(event(&start));
            self.blocks += 1;
            self.is_open = true;
        }
        let delta = json!({"type": "text_delta", "text": text});
        let index = self.blocks - 1;
        let delta = json!({"type": "content_block_delta", "index": index, "delta": delta});
        events.extend(event(&delta));
        Some(events.into())
    }

    fn end(&mut self, completion: &Completion) -> Vec<Bytes> {
        let mut events = Vec::new();
        if self.is_open {
            let index = self.blocks - 1;
            events.push(event(
                &json!({"type": "content_block_stop", "index": index}),
            ));
        }
        for part in &completion.content {
            let is_late = matches!(part, ContentPart::Reasoning { .. }) && self.is_open;
            // Thoughts stand before all text, or not at all.
            if !is_late {
                self.whole(part, &mut events);
            }
        }
        self.is_open = false;
        let delta = stop(completion);
        let delta = json!({"type": "message_delta", "delta": delta, "usage": usage(completion)});
        events.push(event(&delta));
        events.push(event(&json!({"type": "message_stop"})));
        events
    }

    fn failure(&mut self, error: &Error) -> Bytes {
        event(&document(error, self.id))
    }

    fn silence(&self) -> Bytes {
        event(&json!({"type": "ping"}))
    }

    fn refusal(&self, error: &Error, id: RequestId) -> Response {
        error_response(error, id)
    }
}

fn event(data: &Value) -> Bytes {
    let name = data["type"].as_str().unwrap_or_default();
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}
