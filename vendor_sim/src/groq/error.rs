//! Groq's errors: `{"error": {message, type, code?, param?}}`.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::dialect::Reply;
use crate::strict::{Kind, Mismatch, Reason, Step};

/// An error in Groq's words. Members that say nothing are left out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) message: String,
    pub(super) kind: &'static str,
    pub(super) code: Option<&'static str>,
    pub(super) param: Option<String>,
}

impl ApiError {
    /// Returns a 400 `invalid_request_error`.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            kind,
            code: None,
            param: None,
        }
    }

    pub(super) fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub(super) fn coded(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(super) fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("message".to_owned(), json!(self.message));
        error.insert("type".to_owned(), json!(self.kind));
        if let Some(code) = self.code {
            error.insert("code".to_owned(), json!(code));
        }
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), json!(param));
        }
        json!({ "error": error })
    }

    pub(super) fn reply(&self) -> Reply {
        Reply::json(self.status, &self.body())
    }

    pub(super) fn wrong_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_request_error",
            "Invalid API Key",
        )
        .coded("invalid_api_key")
    }

    pub(super) fn unknown_url(method: &Method, path: &str) -> Self {
        let message = format!(
            "Unknown request URL: {method} {path}. Please check the URL for typos, or see the docs \
             at https://console.groq.com/docs/"
        );
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message).coded("unknown_url")
    }

    pub(super) fn no_such_model(id: &str) -> Self {
        let message = format!("The model `{id}` does not exist or you do not have access to it.");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message).coded("model_not_found")
    }

    pub(super) fn decommissioned(id: &str) -> Self {
        Self::invalid(format!(
            "The model `{id}` has been decommissioned and is no longer supported. Please refer to \
             https://console.groq.com/docs/deprecations for a recommendation on which model to use \
             instead."
        ))
        .coded("model_decommissioned")
    }

    pub(super) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request_error",
            "Request Entity Too Large",
        )
        .coded("request_too_large")
    }

    pub(super) fn not_json() -> Self {
        Self::invalid("could not parse the request body as JSON")
    }

    /// Refuses an argument that the vendor knows and does not take.
    pub(super) fn unsupported(param: &str) -> Self {
        Self::invalid(format!("`{param}` is not supported with this model")).at(param)
    }

    /// Refuses a value; `rule` says what it must be.
    pub(super) fn must(param: &str, rule: &str) -> Self {
        Self::invalid(format!("'{param}' : {rule}")).at(param)
    }
}

impl From<Mismatch> for ApiError {
    fn from(mismatch: Mismatch) -> Self {
        let place = path(&mismatch.path);
        let at = |rule: &str| {
            let shown = if place.is_empty() { "request" } else { &place };
            Self::invalid(format!("'{shown}' : {rule}"))
        };
        match mismatch.reason {
            Reason::Missing(name) => at(&format!("property '{name}' is missing")),
            Reason::Unknown(name) => at(&format!("property '{name}' is unsupported")),
            Reason::WrongType { expected, got } => at(&format!(
                "value must be {}, not {}",
                words(expected),
                words(got)
            )),
            Reason::NotOneOf { got, known, tag } => {
                let what = tag.unwrap_or("value");
                at(&format!(
                    "{what} must be one of {}, not '{got}'",
                    listed(known)
                ))
            }
            Reason::Other(message) => at(&message),
        }
    }
}

/// Writes a path as Groq does: `messages.0.content`.
fn path(steps: &[Step]) -> String {
    let names = steps.iter().filter_map(|step| match step {
        Step::Field(name) => Some(name.clone()),
        Step::Index(index) => Some(index.to_string()),
        Step::Variant(_) => None,
    });
    names.collect::<Vec<_>>().join(".")
}

fn listed(values: &[&str]) -> String {
    let quoted: Vec<_> = values.iter().map(|value| format!("'{value}'")).collect();
    format!("[{}]", quoted.join(" "))
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "a boolean",
        Kind::Integer => "an integer",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
        Kind::Content => "a string or an array of objects",
    }
}
