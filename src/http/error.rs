//! Where failures become status codes.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::body::BodyError;
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
    envelope(status, message, "caller_invalid_request")
}

/// Answers an error of the pipeline in OpenAI's envelope. `code` carries the
/// contract's type, or OpenAI's own code where its clients look for one.
pub(super) fn openai_error(error: &Error, request: RequestId) -> Response {
    let status = status(error);
    let code = match (error.kind, status) {
        (ErrorKind::CallerInvalidRequest, StatusCode::NOT_FOUND) => "model_not_found",
        (ErrorKind::PolicyBudgetExceeded, _) => "insufficient_quota",
        (kind, _) => kind.as_str(),
    };
    let mut response = envelope(status, &error.message, code);
    let headers = response.headers_mut();
    // OpenAI's clients retry by status unless they are told.
    let should_retry = if error.is_retryable { "true" } else { "false" };
    headers.insert("x-should-retry", HeaderValue::from_static(should_retry));
    if let Some(wait) = error.retry_after {
        let milliseconds = u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
        headers.insert("retry-after-ms", milliseconds.into());
        headers.insert(header::RETRY_AFTER, milliseconds.div_ceil(1000).into());
    }
    put(headers, "x-gateway-request-id", &request.to_string());
    put(
        headers,
        "x-gateway-attempts",
        &error.attempts.len().to_string(),
    );
    response
}

/// Answers a body that was not taken.
pub(super) fn body_error(error: &BodyError) -> Response {
    let status = match error {
        BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BodyError::Broken => StatusCode::BAD_REQUEST,
    };
    refusal(status, &error.to_string())
}

/// Writes a header whose value is plain ASCII; anything else is left out.
pub(super) fn put(headers: &mut http::HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

fn status(error: &Error) -> StatusCode {
    match error.kind {
        ErrorKind::CallerInvalidRequest if error.message.starts_with("no model is named") => {
            StatusCode::NOT_FOUND
        }
        ErrorKind::CallerInvalidRequest | ErrorKind::ProviderRejected => StatusCode::BAD_REQUEST,
        ErrorKind::CallerUnauthorized => StatusCode::UNAUTHORIZED,
        ErrorKind::PolicyBlocked => StatusCode::FORBIDDEN,
        ErrorKind::PolicyRateLimited
        | ErrorKind::PolicyBudgetExceeded
        | ErrorKind::ProviderRateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::ProviderTimeout => StatusCode::GATEWAY_TIMEOUT,
        // With a wait it is the process that ends, not the caller's time.
        ErrorKind::GatewayTimeout if error.retry_after.is_some() => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::ProviderUnavailable | ErrorKind::GatewayOverloaded => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        ErrorKind::GatewayInternal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn envelope(status: StatusCode, message: &str, code: &str) -> Response {
    let family = match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    };
    let body = Envelope {
        error: Body {
            message,
            family,
            param: None,
            code,
        },
    };
    (status, Json(body)).into_response()
}
