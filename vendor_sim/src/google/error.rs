//! Google's errors: `{"error": {code, message, status, details[]}}`.

use http::StatusCode;
use serde_json::{Value, json};

use super::api::Api;
use super::document;
use super::proto::Violation;
use crate::dialect::Reply;

/// An error in Google's words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    status: StatusCode,
    /// The canonical code's name: `INVALID_ARGUMENT`.
    word: &'static str,
    message: String,
    details: Vec<Value>,
}

impl ApiError {
    pub(crate) fn new(status: u16, word: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            word,
            message: message.into(),
            details: Vec::new(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    /// Refuses a field that has the right type and a wrong value: `field` in
    /// snake_case below the request, `problem` without a full stop.
    pub(super) fn rule(api: Api, field: &str, problem: &str) -> Self {
        Self::invalid(if api.is_vertex() {
            format!(
                "Unable to submit request because of {field}: {problem}. Learn more: \
                 https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"
            )
        } else {
            format!("* GenerateContentRequest.{field}: {problem}.\n")
        })
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NOT_FOUND", message)
    }

    pub(crate) fn unauthenticated(message: &str) -> Self {
        Self::new(401, "UNAUTHENTICATED", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "PERMISSION_DENIED", message)
    }

    /// Adds the `ErrorInfo` that programs shall read.
    pub(crate) fn because(self, reason: &str, api: Api) -> Self {
        self.detail(
            "google.rpc.ErrorInfo",
            json!({
                "reason": reason,
                "domain": "googleapis.com",
                "metadata": {"service": api.service()},
            }),
        )
    }

    /// Adds a detail of the type `kind`.
    pub(crate) fn detail(mut self, kind: &str, mut content: Value) -> Self {
        if let Some(members) = content.as_object_mut() {
            let kind = format!("type.googleapis.com/{kind}");
            members.insert("@type".to_owned(), json!(kind));
        }
        self.details.push(content);
        self
    }

    pub(super) fn body(&self) -> Value {
        let mut error = json!({
            "code": self.status.as_u16(),
            "message": self.message,
            "status": self.word,
        });
        if let Some(members) = error.as_object_mut().filter(|_| !self.details.is_empty()) {
            members.insert("details".to_owned(), json!(self.details));
        }
        json!({"error": error})
    }

    pub(crate) fn reply(&self) -> Reply {
        document::reply(self.status, &self.body())
    }
}

impl From<Vec<Violation>> for ApiError {
    fn from(violations: Vec<Violation>) -> Self {
        let told: Vec<_> = violations.iter().map(|v| v.description.as_str()).collect();
        let listed: Vec<_> = violations
            .iter()
            .map(|violation| match violation.field.as_str() {
                "" => json!({"description": violation.description}),
                field => json!({"field": field, "description": violation.description}),
            })
            .collect();
        Self::invalid(told.join("\n"))
            .detail("google.rpc.BadRequest", json!({"fieldViolations": listed}))
    }
}
