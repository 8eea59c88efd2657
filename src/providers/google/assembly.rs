//! Puts the pieces of generated content together.

use serde_json::{Map, Value, json};

use super::answer;
use crate::domain::Usage;
use crate::providers::streaming::{Added, Assembly, at};

/// What has come of an answer.
#[derive(Default)]
pub(super) struct ContentAssembly {
    /// Members that the last piece to have them decides.
    latest: Map<String, Value>,
    has_candidate: bool,
    parts: Vec<Value>,
    finish_reason: Value,
}

impl Assembly for ContentAssembly {
    fn take(&mut self, event: &Value) -> Added {
        for name in ["usageMetadata", "modelVersion", "promptFeedback", "error"] {
            if let Some(value) = event.get(name).filter(|value| !value.is_null()) {
                self.latest.insert(name.to_owned(), value.clone());
            }
        }
        let Some(candidate) = event.pointer("/candidates/0") else {
            return Added::default();
        };
        self.has_candidate = true;
        if !at(candidate, "/finishReason").is_null() {
            self.finish_reason = at(candidate, "/finishReason").clone();
        }
        let parts = at(candidate, "/content/parts").as_array();
        let mut added = Added::default();
        for part in parts.into_iter().flatten() {
            let text = at(part, "/text").as_str().unwrap_or_default();
            if at(part, "/thought") == true {
                added.unseen += text;
            } else {
                added.text += text;
            }
            if let Some(call) = part.pointer("/functionCall/args") {
                added.unseen += &call.to_string();
            }
            self.parts.push(part.clone());
        }
        added
    }

    fn usage(&self) -> Option<Usage> {
        answer::usage(self.latest.get("usageMetadata")?.clone())
    }

    /// The counts come with the reason or behind it, and nothing marks the
    /// end.
    fn is_complete(&self) -> bool {
        false
    }

    fn lacks_end(&self) -> bool {
        false
    }

    fn document(&self) -> Value {
        let mut document = self.latest.clone();
        if self.has_candidate {
            let content = json!({"role": "model", "parts": self.parts});
            let candidate = json!({"content": content, "finishReason": self.finish_reason});
            document.insert("candidates".to_owned(), json!([candidate]));
        }
        Value::Object(document)
    }
}
