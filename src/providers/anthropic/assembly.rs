//! Puts the events of a message together.

use serde_json::{Map, Value, json};

use super::answer;
use crate::domain::Usage;
use crate::providers::streaming::{Added, Assembly, at};

/// The most blocks of a message that are kept.
const MAX_BLOCKS: usize = 1_000;

/// What has come of a message.
#[derive(Default)]
pub(super) struct MessageAssembly {
    message: Map<String, Value>,
    blocks: Vec<Value>,
    error: Value,
    has_stopped: bool,
}

impl Assembly for MessageAssembly {
    fn take(&mut self, event: &Value) -> Added {
        self.take_event(event).unwrap_or_default()
    }

    fn document(&self) -> Value {
        let mut document = self.message.clone();
        document.insert("content".to_owned(), json!(self.blocks));
        document.insert("error".to_owned(), self.error.clone());
        Value::Object(document)
    }

    fn usage(&self) -> Option<Usage> {
        answer::usage(self.message.get("usage")?.clone())
    }

    fn is_complete(&self) -> bool {
        self.has_stopped
    }

    fn lacks_end(&self) -> bool {
        let has_reason = self
            .message
            .get("stop_reason")
            .is_some_and(|it| !it.is_null());
        has_reason && !self.has_stopped && self.error.is_null()
    }
}

impl MessageAssembly {
    fn take_event(&mut self, event: &Value) -> Option<Added> {
        match at(event, "/type").as_str()? {
            "message_start" => self.message = at(event, "/message").as_object()?.clone(),
            "message_stop" => self.has_stopped = true,
            "content_block_start" => {
                let index = index(event)?;
                if self.blocks.len() <= index {
                    self.blocks.resize(index + 1, Value::Null);
                }
                let block = self.blocks.get_mut(index)?;
                *block = at(event, "/content_block").clone();
                // Arguments come as pieces of text.
                if at(block, "/type") == "tool_use" {
                    put(block, "input", json!(""));
                }
                let text = at(block, "/text").as_str()?.to_owned();
                return Some(Added {
                    text,
                    ..Added::default()
                });
            }
            "content_block_delta" => {
                let block = self.blocks.get_mut(index(event)?)?;
                return take_delta(block, at(event, "/delta"));
            }
            "content_block_stop" => {
                let block = self.blocks.get(index(event)?)?;
                let seal = at(block, "/signature").as_str().unwrap_or_default();
                let is_sealed = at(block, "/type") == "thinking" && !seal.is_empty();
                let text = at(block, "/thinking").as_str().unwrap_or_default();
                return Some(Added {
                    thought: is_sealed.then(|| (text.to_owned(), seal.to_owned())),
                    ..Added::default()
                });
            }
            "message_delta" => {
                let delta = at(event, "/delta").as_object()?.clone();
                self.message.extend(delta);
                // The counts are those of the whole message, not of a part.
                let usage = self.message.entry("usage").or_insert_with(|| json!({}));
                for (name, count) in at(event, "/usage").as_object()? {
                    put(usage, name, count.clone());
                }
            }
            "error" => self.error = at(event, "/error").clone(),
            _ => {}
        }
        None
    }
}

fn index(event: &Value) -> Option<usize> {
    let index = usize::try_from(at(event, "/index").as_u64()?).ok()?;
    (index < MAX_BLOCKS).then_some(index)
}

/// Adds a piece to a block.
fn take_delta(block: &mut Value, delta: &Value) -> Option<Added> {
    let (name, piece) = match at(delta, "/type").as_str()? {
        "text_delta" => ("text", at(delta, "/text").as_str()?),
        "thinking_delta" => ("thinking", at(delta, "/thinking").as_str()?),
        "signature_delta" => ("signature", at(delta, "/signature").as_str()?),
        "input_json_delta" => ("input", at(delta, "/partial_json").as_str()?),
        _ => return None,
    };
    match block.get_mut(name) {
        Some(Value::String(so_far)) => so_far.push_str(piece),
        _ => put(block, name, json!(piece)),
    }
    let mut added = Added::default();
    match name {
        "text" => piece.clone_into(&mut added.text),
        "signature" => {}
        _ => piece.clone_into(&mut added.unseen),
    }
    Some(added)
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
