//! What Mistral's validator finds, in pydantic's words.

use serde_json::{Value, json};

use super::error::ApiError;
use crate::strict::{Kind, Mismatch, Reason, Step};

/// One entry of `detail`.
pub(super) struct Finding {
    kind: &'static str,
    /// From `body` down to the faulty value.
    place: Vec<Value>,
    message: String,
    input: Value,
    context: Option<Value>,
}

impl Finding {
    /// Returns a finding about a member of the request's top level.
    pub(super) fn about(
        member: &str,
        kind: &'static str,
        message: impl Into<String>,
        input: Value,
    ) -> Self {
        Self {
            kind,
            place: vec![json!("body"), json!(member)],
            message: message.into(),
            input,
            context: None,
        }
    }

    /// Adds the bounds or words that the message is about.
    pub(super) fn in_context(mut self, context: Value) -> Self {
        self.context = Some(context);
        self
    }

    /// Returns the finding about a body that is not a JSON object.
    pub(super) fn no_object(input: Value) -> Self {
        Self {
            kind: "model_attributes_type",
            place: vec![json!("body")],
            message: "Input should be a valid dictionary or object to extract fields from"
                .to_owned(),
            input,
            context: None,
        }
    }

    /// Returns the finding about a body that is not JSON.
    pub(super) fn no_json(error: &serde_json::Error) -> Self {
        Self {
            kind: "json_invalid",
            place: vec![json!("body"), json!(error.column())],
            message: "JSON decode error".to_owned(),
            input: json!({}),
            context: Some(json!({"error": error.to_string()})),
        }
    }

    /// Puts a mismatch of `document` into words.
    pub(super) fn of_mismatch(mismatch: Mismatch, document: &Value) -> Self {
        let mut place: Vec<_> = [json!("body")]
            .into_iter()
            .chain(mismatch.path.iter().map(step))
            .collect();
        let mut input = found(document, &mismatch.path);
        let (kind, message, context) = match mismatch.reason {
            Reason::Missing(name) if ["role", "type"].contains(&name) => (
                "union_tag_not_found",
                format!("Unable to extract tag using discriminator '{name}'"),
                Some(json!({"discriminator": format!("'{name}'")})),
            ),
            Reason::Missing(name) => {
                place.push(json!(name));
                ("missing", "Field required".to_owned(), None)
            }
            Reason::Unknown(name) => {
                input = input.get(&name).cloned().unwrap_or_default();
                place.push(json!(name));
                let message = "Extra inputs are not permitted".to_owned();
                ("extra_forbidden", message, None)
            }
            Reason::WrongType { expected, .. } => {
                let (kind, words) = of_kind(expected);
                (kind, format!("Input should be {words}"), None)
            }
            Reason::NotOneOf {
                got,
                known,
                tag: Some(tag),
            } => {
                let tags = quoted(known).join(", ");
                let message = format!(
                    "Input tag '{got}' found using '{tag}' does not match any of the expected \
                     tags: {tags}"
                );
                let context = json!({"discriminator": format!("'{tag}'"), "tag": got,
                    "expected_tags": tags});
                ("union_tag_invalid", message, Some(context))
            }
            Reason::NotOneOf { known, .. } => {
                let expected = listed(known);
                let message = format!("Input should be {expected}");
                ("enum", message, Some(json!({"expected": expected})))
            }
            Reason::Other(words) => ("value_error", format!("Value error, {words}"), None),
        };
        Self {
            kind,
            place,
            message,
            input,
            context,
        }
    }
}

impl From<Finding> for ApiError {
    /// The API file has the findings bare, and public threads quote them
    /// wrapped; so that clients meet both, those inside messages are wrapped.
    fn from(finding: Finding) -> Self {
        let is_inside_messages =
            finding.place.len() > 2 && finding.place.get(1).is_some_and(|step| step == "messages");
        let mut entry = json!({
            "type": finding.kind,
            "loc": finding.place,
            "msg": finding.message,
            "input": finding.input,
        });
        if let (Some(entry), Some(context)) = (entry.as_object_mut(), finding.context) {
            entry.insert("ctx".to_owned(), context);
        }
        let findings = json!([entry]);
        if is_inside_messages {
            Self::wrapped_findings(&findings)
        } else {
            Self::findings(&findings)
        }
    }
}

fn step(step: &Step) -> Value {
    match step {
        Step::Field(name) | Step::Variant(name) => json!(name),
        Step::Index(index) => json!(index),
    }
}

/// Returns the value at the end of a path.
fn found(document: &Value, path: &[Step]) -> Value {
    let end = path.iter().try_fold(document, |value, step| match step {
        Step::Field(name) => value.get(name),
        Step::Index(index) => value.get(index),
        Step::Variant(_) => Some(value),
    });
    end.cloned().unwrap_or_default()
}

fn of_kind(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Null | Kind::Object => ("dict_type", "a valid dictionary"),
        Kind::Boolean => ("bool_type", "a valid boolean"),
        Kind::Integer => ("int_type", "a valid integer"),
        Kind::Number => ("float_type", "a valid number"),
        Kind::String => ("string_type", "a valid string"),
        Kind::Array | Kind::Content => ("list_type", "a valid list"),
    }
}

fn quoted(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| format!("'{word}'")).collect()
}

/// Writes `'a', 'b' or 'c'`.
fn listed(words: &[&str]) -> String {
    match quoted(words).split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}
