//! Anthropic's error envelope.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::domain::{Error, ErrorKind, RequestId};
use crate::http::body::BodyError;
use crate::http::error::status;
use crate::http::headers;

/// Answers an error of the pipeline.
pub(super) fn error_response(error: &Error, request: RequestId) -> Response {
    let status = status(error);
    let body = document(error, request);
    let mut response = (status, Json(body)).into_response();
    headers::explain(&mut response, error, request);
    headers::put(response.headers_mut(), "request-id", &request.to_string());
    response
}

/// Writes an error of the pipeline, in a stream too. The contract's type
/// stands before the message, for Anthropic has no member for it.
pub(super) fn document(error: &Error, request: RequestId) -> Value {
    // The vendor's own words, by which clients know when to compact.
    let words = if error.is_too_long {
        "prompt is too long: "
    } else {
        ""
    };
    let message = format!("{}: {words}{}", error.kind.as_str(), error.message);
    envelope(status(error), &message, Some(request))
}

/// Answers a body that was not taken.
pub(super) fn body_error(error: &BodyError) -> Response {
    let message = match error {
        BodyError::Crowded(_) => format!("{}: {error}", ErrorKind::GatewayOverloaded.as_str()),
        _ => error.to_string(),
    };
    let mut response = refusal(error.status(), &message);
    headers::explain_body(&mut response, error);
    response
}

/// Refuses a request before anyone looked at what it asks.
pub(in crate::http) fn refusal(status: StatusCode, message: &str) -> Response {
    let body = envelope(status, message, None);
    let mut response = (status, Json(body)).into_response();
    headers::put_should_retry(&mut response, false);
    response
}

fn envelope(status: StatusCode, message: &str, request: Option<RequestId>) -> Value {
    let kind = match status.as_u16() {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        504 => "timeout_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    json!({
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": request.map(|id| id.to_string()),
    })
}
