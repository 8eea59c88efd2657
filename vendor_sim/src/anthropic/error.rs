//! Anthropic's errors: `{"type": "error", "error": {type, message}, "request_id"}`.

use http::StatusCode;
use serde_json::{Value, json};

use super::headers;
use crate::dialect::{Call, Reply};
use crate::strict::{Kind, Mismatch, Reason, Step};

/// An error in Anthropic's words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    pub(super) message: String,
    /// `details.error_code`, where there is one.
    pub(super) code: Option<&'static str>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            code: None,
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    pub(super) fn unauthenticated(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found_error", message)
    }

    pub(super) fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "invalid_request_error",
            "Method Not Allowed",
        )
    }

    pub(super) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request_too_large",
            "Request exceeds the maximum size",
        )
    }

    /// Refuses a member that does not exist.
    pub(super) fn extra(member: &str) -> Self {
        Self::invalid(format!("{member}: Extra inputs are not permitted"))
    }

    pub(super) fn coded(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(super) fn body(&self, call: &Call<'_>) -> Value {
        let mut error = json!({"type": self.kind, "message": self.message});
        if let (Some(code), Some(members)) = (self.code, error.as_object_mut()) {
            members.insert("details".to_owned(), json!({"error_code": code}));
        }
        json!({"type": "error", "error": error, "request_id": headers::request_id(call)})
    }

    pub(super) fn reply(&self, call: &Call<'_>) -> Reply {
        Reply::json(self.status, &self.body(call))
    }
}

impl From<Mismatch> for ApiError {
    fn from(mismatch: Mismatch) -> Self {
        let place = path(&mismatch.path);
        let member = |name: &str| {
            if place.is_empty() {
                name.to_owned()
            } else {
                format!("{place}.{name}")
            }
        };
        match mismatch.reason {
            Reason::Missing(name) => Self::invalid(format!("{}: Field required", member(name))),
            Reason::Unknown(name) => Self::extra(&member(&name)),
            Reason::WrongType { expected, .. } => Self::invalid(format!(
                "{place}: Input should be a valid {}",
                words(expected)
            )),
            Reason::NotOneOf { got, .. } if got == "system" && place.ends_with(".role") => {
                Self::invalid(
                    "messages: Unexpected role \"system\". The Messages API accepts a top-level \
                     `system` parameter, not \"system\" as an input message role.",
                )
            }
            Reason::NotOneOf {
                got,
                known,
                tag: Some(tag),
            } => {
                let known: Vec<_> = known.iter().map(|word| format!("'{word}'")).collect();
                Self::invalid(format!(
                    "{place}: Input tag '{got}' found using '{tag}' does not match any of the \
                     expected tags: {}",
                    known.join(", ")
                ))
            }
            Reason::NotOneOf {
                known, tag: None, ..
            } => Self::invalid(format!("{place}: Input should be {}", listed(known))),
            Reason::Other(message) => Self::invalid(format!("{place}: {message}")),
        }
    }
}

/// Writes a path as Anthropic does: `messages.0.content.1.text.cache_control`.
fn path(steps: &[Step]) -> String {
    let steps: Vec<_> = steps
        .iter()
        .map(|step| match step {
            Step::Field(name) | Step::Variant(name) => name.clone(),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    steps.join(".")
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Null | Kind::Object => "dictionary",
        Kind::Boolean => "boolean",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::String => "string",
        Kind::Array | Kind::Content => "list",
    }
}

/// Writes `'a', 'b' or 'c'`.
fn listed(values: &[&str]) -> String {
    let quoted: Vec<_> = values.iter().map(|value| format!("'{value}'")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}
