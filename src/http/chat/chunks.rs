//! Writes chunks of an answer in OpenAI's form.

use axum::body::Bytes;
use axum::response::Response;
use serde_json::{Value, json};

use super::response::chunk_usage;
use crate::domain::{Chunk, Completion, ContentPart, Error, FinishReason, RequestId};
use crate::http::error::{openai_error, openai_error_text};
use crate::http::event_stream::EventWriter;

/// Whether the last chunk tells the usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UsageWish {
    Wanted,
    Unwanted,
}

/// Writes chunks in OpenAI's form.
pub(super) struct ChunkWriter {
    id: String,
    created: i64,
    model: String,
    usage: UsageWish,
}

impl EventWriter for ChunkWriter {
    fn begin(&mut self, model: &str) -> Vec<Bytes> {
        model.clone_into(&mut self.model);
        let role = json!({"role": "assistant", "content": ""});
        vec![self.chunk(&role, &Value::Null)]
    }

    fn piece(&mut self, chunk: &Chunk) -> Option<Bytes> {
        match chunk {
            Chunk::Text(text) if !text.is_empty() => {
                Some(self.chunk(&json!({ "content": text }), &Value::Null))
            }
            _ => None,
        }
    }

    /// Writes what comes at the end: calls, which are of no use in part, the
    /// reason, and usage if it is wanted.
    fn end(&mut self, completion: &Completion) -> Vec<Bytes> {
        let calls = completion.content.iter().filter_map(|part| match part {
            ContentPart::ToolCall(call) => Some(call),
            _ => None,
        });
        let mut events: Vec<Bytes> = calls
            .enumerate()
            .map(|(index, call)| {
                let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
                let call = json!({"index": index, "id": call.id, "type": "function",
                    "function": function});
                self.chunk(&json!({"tool_calls": [call]}), &Value::Null)
            })
            .collect();
        let finish = completion.finish.unwrap_or(FinishReason::Stop).as_str();
        events.push(self.chunk(&json!({}), &json!(finish)));
        if self.usage == UsageWish::Wanted {
            let mut last = self.frame(&json!([]));
            if let Some(members) = last.as_object_mut() {
                members.insert("usage".to_owned(), chunk_usage(completion));
            }
            events.push(event(&last.to_string()));
        }
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        events
    }

    fn failure(&mut self, error: &Error) -> Bytes {
        event(&openai_error_text(error))
    }

    fn silence(&self) -> Bytes {
        Bytes::from_static(b": still there\n\n")
    }

    fn refusal(&self, error: &Error, id: RequestId) -> Response {
        openai_error(error, id)
    }
}

impl ChunkWriter {
    /// Makes the writer of an answer that is given at `created`, in seconds
    /// since 1970.
    pub(super) fn new(id: RequestId, created: i64, usage: UsageWish) -> Self {
        Self {
            id: format!("chatcmpl-{id}"),
            created,
            model: String::new(),
            usage,
        }
    }

    fn chunk(&self, delta: &Value, finish: &Value) -> Bytes {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        event(&self.frame(&json!([choice])).to_string())
    }

    fn frame(&self, choices: &Value) -> Value {
        let mut frame = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        });
        if self.usage == UsageWish::Wanted
            && let Some(members) = frame.as_object_mut()
        {
            members.insert("usage".to_owned(), Value::Null);
        }
        frame
    }
}

fn event(json: &str) -> Bytes {
    Bytes::from(format!("data: {json}\n\n"))
}
