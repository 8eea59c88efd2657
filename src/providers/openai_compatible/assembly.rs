//! Puts the chunks of a chat completion together.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer;
use crate::domain::Usage;
use crate::providers::streaming::{Added, Assembly, at};

/// What has come of a completion.
#[derive(Default)]
pub(super) struct ChatAssembly {
    model: Value,
    content: String,
    refusal: String,
    calls: BTreeMap<u64, Call>,
    finish_reason: Value,
    usage: Value,
    error: Value,
}

/// A tool call whose arguments come in pieces.
#[derive(Default)]
struct Call {
    id: Value,
    name: String,
    arguments: String,
}

impl Assembly for ChatAssembly {
    fn take(&mut self, event: &Value) -> Added {
        let groq = at(event, "/x_groq");
        keep(&mut self.model, at(event, "/model"));
        // Groq has usage in a member of its own, unasked.
        keep(&mut self.usage, at(event, "/usage"));
        keep(&mut self.usage, at(groq, "/usage"));
        keep(&mut self.error, at(event, "/error"));
        keep(&mut self.error, at(groq, "/error"));
        let choice = at(event, "/choices/0");
        if !at(choice, "/finish_reason").is_null() {
            self.finish_reason = at(choice, "/finish_reason").clone();
        }
        let delta = at(choice, "/delta");
        let mut unseen = String::new();
        for call in at(delta, "/tool_calls").as_array().into_iter().flatten() {
            self.take_call(call);
            unseen += at(call, "/function/arguments").as_str().unwrap_or_default();
        }
        // Groq and local servers show thoughts, by either name.
        for name in ["/reasoning", "/reasoning_content"] {
            unseen += at(delta, name).as_str().unwrap_or_default();
        }
        if let Some(refusal) = at(delta, "/refusal").as_str() {
            self.refusal.push_str(refusal);
        }
        let text = text(at(delta, "/content"));
        self.content.push_str(&text);
        Added { text, unseen }
    }

    fn usage(&self) -> Option<Usage> {
        answer::usage(self.usage.clone())
    }

    /// `[DONE]` says it, which is no event.
    fn is_complete(&self) -> bool {
        false
    }

    fn lacks_end(&self) -> bool {
        !self.finish_reason.is_null() && self.usage.is_null() && self.error.is_null()
    }

    fn document(&self) -> Value {
        let calls = self.calls.values().map(|call| {
            let function = json!({"name": call.name, "arguments": call.arguments});
            json!({"id": call.id, "type": "function", "function": function})
        });
        let message = json!({
            "role": "assistant",
            "content": self.content,
            "refusal": self.refusal,
            "tool_calls": calls.collect::<Vec<_>>(),
        });
        json!({
            "object": "chat.completion",
            "model": self.model,
            "choices": [{"message": message, "finish_reason": self.finish_reason}],
            "usage": self.usage,
            "error": self.error,
        })
    }
}

impl ChatAssembly {
    fn take_call(&mut self, call: &Value) {
        // Some leave the index out where there is one call alone.
        let index = at(call, "/index").as_u64().unwrap_or(0);
        let known = self.calls.entry(index).or_default();
        if !at(call, "/id").is_null() {
            known.id = at(call, "/id").clone();
        }
        let function = at(call, "/function");
        known.name += at(function, "/name").as_str().unwrap_or_default();
        match at(function, "/arguments") {
            Value::String(piece) => known.arguments += piece,
            Value::Null => {}
            whole => known.arguments = whole.to_string(),
        }
    }
}

/// Keeps the latest value that is one.
fn keep(kept: &mut Value, member: &Value) {
    if !member.is_null() {
        *kept = member.clone();
    }
}

/// Returns the text of a delta: a string, or of an array the texts.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter(|part| at(part, "/type") == "text");
            texts
                .filter_map(|part| at(part, "/text").as_str())
                .collect()
        }
        _ => String::new(),
    }
}
