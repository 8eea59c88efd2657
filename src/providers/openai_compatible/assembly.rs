//! Puts the chunks of a chat completion together.

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
    calls: Vec<Call>,
    finish_reason: Value,
    usage: Value,
    error: Value,
}

/// A tool call whose arguments come in pieces.
#[derive(Default)]
struct Call {
    index: Option<u64>,
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
        Added {
            text,
            unseen,
            thought: None,
        }
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
        let calls = self.calls.iter().map(|call| {
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
    /// Finds the call that a piece belongs to: the last one with its index,
    /// which some leave out or give to all calls, so that an id of its own
    /// begins another.
    fn call(&mut self, index: Option<u64>, id: &Value) -> Option<&mut Call> {
        let has_id = id.as_str().is_some_and(|id| !id.is_empty());
        let mut calls = self.calls.iter();
        let found = calls.rposition(|call| index.is_none() || call.index == index);
        let is_same = |place: usize| {
            let known = self.calls.get(place);
            known.is_some_and(|known| known.id.is_null() || known.id == *id)
        };
        let place = match found {
            Some(place) if !has_id || is_same(place) => place,
            _ => {
                let known = self.calls.iter().position(|call| has_id && call.id == *id);
                known.unwrap_or_else(|| {
                    self.calls.push(Call::default());
                    self.calls.len() - 1
                })
            }
        };
        let call = self.calls.get_mut(place)?;
        if has_id {
            call.id = id.clone();
        }
        call.index = call.index.or(index);
        Some(call)
    }

    fn take_call(&mut self, call: &Value) {
        let Some(known) = self.call(at(call, "/index").as_u64(), at(call, "/id")) else {
            return;
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(pieces: &[Value]) -> Vec<(String, String)> {
        let mut assembly = ChatAssembly::default();
        for piece in pieces {
            assembly.take(&json!({"choices": [{"delta": {"tool_calls": [piece]}}]}));
        }
        let document = assembly.document();
        let calls = at(&document, "/choices/0/message/tool_calls").as_array();
        let text = |call: &Value, place| at(call, place).as_str().unwrap().to_owned();
        let read = |call| (text(call, "/id"), text(call, "/function/arguments"));
        calls.unwrap().iter().map(read).collect()
    }

    fn pair(id: &str, arguments: &str) -> (String, String) {
        (id.to_owned(), arguments.to_owned())
    }

    #[test]
    fn a_new_id_begins_a_call_whatever_the_index() {
        let piece = |index: Value, id: Value, arguments: &str| {
            json!({"index": index, "id": id,
                "function": {"name": "f", "arguments": arguments}})
        };
        let none = Value::Null;
        for index in [json!(0), none.clone()] {
            let found = calls(&[
                piece(index.clone(), json!("a"), "{\"x\""),
                piece(index.clone(), none.clone(), ":1}"),
                piece(index.clone(), json!("b"), "{\"y\""),
                piece(index.clone(), json!("b"), ":2"),
                piece(index, none.clone(), "}"),
            ]);

            assert_eq!(found, [pair("a", "{\"x\":1}"), pair("b", "{\"y\":2}")]);
        }
        let apart = calls(&[
            piece(json!(0), json!("a"), "{"),
            piece(json!(1), json!("b"), "{"),
            piece(json!(0), none.clone(), "}"),
            piece(json!(1), none, "}"),
        ]);
        assert_eq!(apart, [pair("a", "{}"), pair("b", "{}")]);
    }
}
