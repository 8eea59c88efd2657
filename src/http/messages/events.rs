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
    /// Thoughts that are written.
    thoughts: usize,
}

impl MessageWriter {
    pub(super) const fn new(id: RequestId) -> Self {
        Self {
            id,
            blocks: 0,
            is_open: false,
            thoughts: 0,
        }
    }

    /// Writes a call or a thought as a block.
    fn whole(&mut self, part: &ContentPart, events: &mut Vec<Bytes>) {
        match part {
            ContentPart::ToolCall(call) => {
                let head = json!({"type": "tool_use", "id": call.id, "name": call.name,
                    "input": {}});
                let arguments = call.arguments.to_string();
                let delta = json!({"type": "input_json_delta", "partial_json": arguments});
                self.block(&head, &[delta], events);
            }
            ContentPart::Reasoning {
                text,
                signature: Some(seal),
            } => self.thought(text, seal, events),
            _ => {}
        }
    }

    fn thought(&mut self, text: &str, seal: &str, events: &mut Vec<Bytes>) {
        let head = json!({"type": "thinking", "thinking": "", "signature": ""});
        let thought = json!({"type": "thinking_delta", "thinking": text});
        let seal = json!({"type": "signature_delta", "signature": seal});
        self.block(&head, &[thought, seal], events);
    }

    /// Ends the text that may go on.
    fn close(&mut self, events: &mut Vec<Bytes>) {
        if std::mem::take(&mut self.is_open) {
            let index = self.blocks - 1;
            events.push(event(
                &json!({"type": "content_block_stop", "index": index}),
            ));
        }
    }

    fn block(&mut self, head: &Value, deltas: &[Value], events: &mut Vec<Bytes>) {
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
        let mut events = Vec::new();
        match chunk {
            Chunk::Text(text) if !text.is_empty() => {
                if !self.is_open {
                    let block = json!({"type": "text", "text": ""});
                    let start = json!({"type": "content_block_start", "index": self.blocks,
                        "content_block": block});
                    events.push(event(&start));
                    self.blocks += 1;
                    self.is_open = true;
                }
                let delta = json!({"type": "text_delta", "text": text});
                let index = self.blocks - 1;
                let delta = json!({"type": "content_block_delta", "index": index, "delta": delta});
                events.push(event(&delta));
            }
            Chunk::Reasoning { text, signature } => {
                self.close(&mut events);
                self.thoughts += 1;
                self.thought(text, signature, &mut events);
            }
            _ => return None,
        }
        Some(events.concat().into())
    }

    /// Writes what comes at the end: calls, and the thoughts behind the last
    /// text; those before it went out with it, or stand nowhere.
    fn end(&mut self, completion: &Completion) -> Vec<Bytes> {
        let mut events = Vec::new();
        self.close(&mut events);
        let content = &completion.content;
        let is_text =
            |part: &ContentPart| matches!(part, ContentPart::Text(text) if !text.is_empty());
        let last_text = content.iter().rposition(is_text);
        let mut written = self.thoughts;
        for (place, part) in content.iter().enumerate() {
            if is_sealed(part) {
                let is_late = last_text.is_some_and(|text| place < text);
                if written > 0 || is_late {
                    written = written.saturating_sub(1);
                    continue;
                }
            }
            self.whole(part, &mut events);
        }
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

const fn is_sealed(part: &ContentPart) -> bool {
    matches!(
        part,
        ContentPart::Reasoning {
            signature: Some(_),
            ..
        }
    )
}

fn event(data: &Value) -> Bytes {
    let name = data["type"].as_str().unwrap_or_default();
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}
