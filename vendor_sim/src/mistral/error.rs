//! Mistral's errors, which have more shapes than one: the validator's `detail`, the
//! API's own object, and the words of the servers in front of it.

use http::StatusCode;
use serde_json::{Value, json};

use crate::dialect::Reply;

/// An error as it goes out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    /// Returns an error of the API itself.
    pub(super) fn new(
        status: StatusCode,
        (kind, code): (&'static str, &'static str),
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            body: json!({
                "object": "error",
                "message": message.into(),
                "type": kind,
                "param": null,
                "code": code,
                "raw_status_code": status.as_u16(),
            }),
        }
    }

    /// Returns the validator's findings as the API file has them.
    pub(super) fn findings(findings: &Value) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            body: json!({"detail": findings}),
        }
    }

    /// Returns the validator's findings inside the API's own error, as public
    /// threads quote them.
    pub(super) fn wrapped_findings(findings: &Value) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            body: json!({
                "object": "error",
                "message": {"detail": findings},
                "type": "invalid_request_error",
                "param": null,
                "code": null,
            }),
        }
    }

    /// Returns an error of the web framework.
    pub(super) fn detail(status: StatusCode, words: &str) -> Self {
        Self {
            status,
            body: json!({"detail": words}),
        }
    }

    /// Returns an error of the proxy in front of the API.
    pub(super) fn proxy(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            body: json!({"message": message}),
        }
    }

    pub(super) fn unauthorized() -> Self {
        Self::detail(StatusCode::UNAUTHORIZED, "Unauthorized")
    }

    pub(super) fn no_such_url() -> Self {
        Self::proxy(StatusCode::NOT_FOUND, "no Route matched with those values")
    }

    pub(super) fn wrong_method() -> Self {
        Self::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
    }

    pub(super) fn too_large() -> Self {
        Self::proxy(StatusCode::PAYLOAD_TOO_LARGE, "Request size limit exceeded")
    }

    /// Refuses a model that does not exist; `status` is 400 in a completion
    /// and 404 in the list of models.
    pub(super) fn no_such_model(status: StatusCode, id: &str) -> Self {
        Self::new(
            status,
            ("invalid_model", "1500"),
            format!("Invalid model: {id}"),
        )
    }

    /// Refuses a value that is well-formed and does not fit the model.
    pub(super) fn invalid_args(message: impl Into<String>) -> Self {
        Self::bad_request(("invalid_request_invalid_args", "3051"), message)
    }

    /// Refuses messages that do not follow each other.
    pub(super) fn message_order(message: impl Into<String>) -> Self {
        Self::bad_request(("invalid_request_message_order", "3230"), message)
    }

    /// Refuses an assistant's message that says nothing.
    pub(super) fn empty_assistant() -> Self {
        Self::bad_request(
            ("invalid_assistant_message", "3240"),
            "Assistant message must have either content or tool_calls, but not none.",
        )
    }

    /// Refuses a tool, a tool call or its id.
    pub(super) fn function_call(message: impl Into<String>) -> Self {
        Self::bad_request(("invalid_function_call", "3280"), message)
    }

    /// Refuses a picture that cannot be read.
    pub(super) fn unreadable_image(url: &str) -> Self {
        let shown: String = url.chars().take(50).collect();
        Self::bad_request(
            ("invalid_request_file", "3310"),
            format!("Image, '{shown}', could not be loaded as a valid image."),
        )
    }

    fn bad_request(code: (&'static str, &'static str), message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn body(&self) -> &Value {
        &self.body
    }

    pub(super) fn reply(&self) -> Reply {
        Reply::json(self.status, &self.body)
    }
}
