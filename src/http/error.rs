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
    let body = Body {
        message,
        family: family(status),
        param: None,
        code: "caller_invalid_request",
    };
    let mut response = (status, Json(Envelope { error: body })).into_response();
    // A body that was too slow may be quicker next time.
    let should_retry = status == StatusCode::REQUEST_TIMEOUT;
    put_should_retry(&mut response, should_retry);
    response
}

/// Answers an error of the pipeline in OpenAI's envelope. `code` carries the
/// contract's type, or OpenAI's own code where its clients look for one.
pub(super) fn openai_error(error: &Error, request: RequestId) -> Response {
    let mut response = (status(error), Json(envelope(error))).into_response();
    put_should_retry(&mut response, error.is_retryable);
    let headers = response.headers_mut();
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

/// Writes an error of the pipeline that comes when the head has gone out.
pub(super) fn openai_error_text(error: &Error) -> String {
    serde_json::to_string(&envelope(error)).unwrap_or_default()
}

fn envelope(error: &Error) -> Envelope<'_> {
    let status = status(error);
    let code = match (error.kind, status) {
        (ErrorKind::CallerInvalidRequest, StatusCode::NOT_FOUND) => "model_not_found",
        (ErrorKind::PolicyBudgetExceeded, _) => "insufficient_quota",
        (kind, _) => kind.as_str(),
    };
    Envelope {
        error: Body {
            message: &error.message,
            family: family(status),
            param: error.unknown,
            code,
        },
    }
}

/// Answers a body that was not taken.
pub(super) fn body_error(error: &BodyError) -> Response {
    refusal(error.status(), &error.to_string())
}

/// Writes a header whose value is plain ASCII; anything else is left out.
pub(super) fn put(headers: &mut http::HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// OpenAI's clients retry by status unless they are told.
fn put_should_retry(response: &mut Response, should_retry: bool) {
    let word = HeaderValue::from_static(if should_retry { "true" } else { "false" });
    response.headers_mut().insert("x-should-retry", word);
}

fn status(error: &Error) -> StatusCode {
    match error.kind {
        ErrorKind::CallerInvalidRequest if error.unknown.is_some() => StatusCode::NOT_FOUND,
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

const fn family(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}
