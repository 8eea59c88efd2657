//! Where failures become status codes.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;

use super::body::BodyError;
use super::headers;
use crate::domain::{Error, ErrorKind, RequestId};

/// OpenAI's error envelope.
#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    family: &'a str,
    param: Option<&'a str>,
    code: &'a str,
}

/// Refuses a request before anyone looked at what it asks.
pub(super) fn refusal(status: StatusCode, message: &str) -> Response {
    refusal_with(status, "caller_invalid_request", message)
}

/// Refuses who is unknown (401), or may not do this (403).
pub(super) fn access_refusal(status: StatusCode, message: &str) -> Response {
    let kind = if status == StatusCode::FORBIDDEN {
        ErrorKind::PolicyBlocked
    } else {
        ErrorKind::CallerUnauthorized
    };
    refusal_with(status, kind.as_str(), message)
}

fn refusal_with(status: StatusCode, code: &str, message: &str) -> Response {
    let body = Body {
        message,
        family: family(status),
        param: None,
        code,
    };
    let mut response = (status, Json(Envelope { error: body })).into_response();
    headers::put_should_retry(&mut response, false);
    response
}

/// Answers an error of the pipeline in OpenAI's envelope. `code` carries the
/// contract's type, or OpenAI's own code where its clients look for one.
pub(super) fn openai_error(error: &Error, request: RequestId) -> Response {
    let mut response = (status(error), Json(envelope(error))).into_response();
    headers::explain(&mut response, error, request);
    response
}

/// Writes an error of the pipeline that comes when the head has gone out.
pub(super) fn openai_error_text(error: &Error) -> String {
    serde_json::to_string(&envelope(error)).unwrap_or_default()
}

fn envelope(error: &Error) -> Envelope<'_> {
    let status = status(error);
    let code = match (error.kind, status) {
        (ErrorKind::CallerInvalidRequest, StatusCode::NOT_FOUND) => "model_not_found",
        // What compacting clients look for.
        _ if error.is_too_long => "context_length_exceeded",
        (ErrorKind::PolicyBudgetExceeded, _) => "insufficient_quota",
        (kind, _) => kind.as_str(),
    };
    Envelope {
        error: Body {
            message: &error.message,
            family: family(status),
            param: error.unknown.or(error.is_too_long.then_some("messages")),
            code,
        },
    }
}

/// Answers a body that was not taken.
pub(super) fn body_error(error: &BodyError) -> Response {
    let code = match error {
        BodyError::Crowded(_) => ErrorKind::GatewayOverloaded.as_str(),
        _ => "caller_invalid_request",
    };
    let mut response = refusal_with(error.status(), code, &error.to_string());
    headers::explain_body(&mut response, error);
    response
}

/// Returns the status of a failure.
pub(super) fn status(error: &Error) -> StatusCode {
    match error.kind {
        ErrorKind::CallerInvalidRequest if error.unknown.is_some() => StatusCode::NOT_FOUND,
        ErrorKind::CallerInvalidRequest | ErrorKind::ProviderRejected => StatusCode::BAD_REQUEST,
        ErrorKind::CallerUnauthorized => StatusCode::UNAUTHORIZED,
        ErrorKind::PolicyBlocked => StatusCode::FORBIDDEN,
        ErrorKind::PolicyRateLimited
        | ErrorKind::PolicyBudgetExceeded
        | ErrorKind::ProviderRateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::ProviderTimeout => StatusCode::GATEWAY_TIMEOUT,
        // With a wait it is not the caller's time alone that ended: the process
        // ends, or the call goes on under its key.
        ErrorKind::GatewayTimeout if error.retry_after.is_some() => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::ProviderUnavailable | ErrorKind::GatewayOverloaded => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        ErrorKind::GatewayInternal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

const fn family(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}
