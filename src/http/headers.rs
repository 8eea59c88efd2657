//! The gateway's own headers.

use std::time::Duration;

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::body::BodyError;
use super::event_stream::Early;
use crate::domain::{Completion, Error, NanoUsd, RequestId, Target};

/// Adds the gateway's own headers.
pub(super) fn describe(response: &mut Response, completion: &Completion) {
    let headers = response.headers_mut();
    put(
        headers,
        "x-gateway-request-id",
        &completion.request_id.to_string(),
    );
    put(headers, "x-gateway-provider", completion.provider.as_str());
    put(headers, "x-gateway-model", completion.model.as_str());
    put(headers, "x-gateway-cache", completion.cache.status.as_str());
    put(
        headers,
        "x-gateway-attempts",
        &completion.routing.attempts.len().to_string(),
    );
    put_dropped(headers, &completion.dropped_parameters);
    let left = completion.allowance;
    for (name, count) in [
        ("x-ratelimit-remaining-requests", left.requests),
        ("x-ratelimit-remaining-tokens", left.tokens),
    ] {
        if let Some(count) = count {
            put(headers, name, &count.to_string());
        }
    }
    if let Some(budget) = left.budget {
        put(headers, "x-gateway-budget-remaining-usd", &decimal(budget));
    }
    if let Some(cost) = completion.cost.amount() {
        put(headers, "x-gateway-cost-usd", &decimal(cost));
    }
}

/// Adds what is known when the head of a stream goes out.
pub(super) fn announce(response: &mut Response, id: RequestId, early: &Early) {
    let headers = response.headers_mut();
    put(headers, "x-gateway-request-id", &id.to_string());
    if let Some(status) = early.cache {
        put(headers, "x-gateway-cache", status.as_str());
    }
    put_dropped(headers, &early.dropped);
}

/// Adds who answers, which is known from the first piece on.
pub(super) fn name_target(response: &mut Response, target: &Target) {
    let headers = response.headers_mut();
    put(headers, "x-gateway-provider", target.provider.as_str());
    put(headers, "x-gateway-model", target.model.as_str());
}

fn put_dropped(headers: &mut HeaderMap, parameters: &[&'static str]) {
    if !parameters.is_empty() {
        let dropped = parameters.join(", ");
        put(headers, "x-gateway-dropped-parameters", &dropped);
    }
}

/// Adds what a failure says about coming again.
pub(super) fn explain(response: &mut Response, error: &Error, request: RequestId) {
    put_should_retry(response, error.is_retryable);
    if let Some(wait) = error.retry_after {
        put_wait(response, wait);
    }
    let headers = response.headers_mut();
    put(headers, "x-gateway-request-id", &request.to_string());
    let attempts = error.attempts.len().to_string();
    put(headers, "x-gateway-attempts", &attempts);
}

/// Adds what a body that was not taken says about coming again.
pub(super) fn explain_body(response: &mut Response, error: &BodyError) {
    // One that was too slow may be quicker next time.
    let may_pass = matches!(error, BodyError::TooSlow | BodyError::Crowded(_));
    put_should_retry(response, may_pass);
    if let Some(wait) = error.retry_after() {
        put_wait(response, wait);
    }
}

/// Says when to come again: in milliseconds, and in whole seconds.
pub(super) fn put_wait(response: &mut Response, wait: Duration) {
    let milliseconds = u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
    let headers = response.headers_mut();
    headers.insert("retry-after-ms", milliseconds.into());
    headers.insert(header::RETRY_AFTER, milliseconds.div_ceil(1000).into());
}

/// The vendors' clients retry by status unless they are told.
pub(super) fn put_should_retry(response: &mut Response, should_retry: bool) {
    let word = HeaderValue::from_static(if should_retry { "true" } else { "false" });
    response.headers_mut().insert("x-should-retry", word);
}

/// Writes a header whose value is plain ASCII; anything else is left out.
pub(super) fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

fn decimal(cost: NanoUsd) -> String {
    cost.to_string().replace('$', "")
}
