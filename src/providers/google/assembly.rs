//! Puts the pieces of generated content together.

use serde_json::{Map, Value, json};

use crate::providers::streaming::{Assembly, at};

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
    fn take(&mut self, event: &Value) -> Option<String> {
        for name in ["usageMetadata", "modelVersion", "promptFeedback", "error"] {
            if let Some(value) = event.get(name).filter(|value| !value.is_null()) {
                self.latest.insert(name.to_owned(), value.clone());
            }
        }
        let candidate = event.pointer("/candidates/0")?;
        self.has_candidate = true;
        if !at(candidate, "/finishReason").is_null() {
            self.finish_reason = at(candidate, "/finishReason").clone();
        }
        let parts = at(candidate, "/content/parts").as_array()?;
        self.parts.extend(parts.iter().cloned());
        let answers = parts.iter().filter(|part| at(part, "/thought") != true);
        Some(
            answers
                .filter_map(|part| at(part, "/text").as_str())
                .collect(),
        )
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
