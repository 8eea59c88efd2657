//! OpenAI's own errors when nothing is wrong with the request.

use http::StatusCode;

use super::error::ApiError;
use super::headers;
use crate::dialect::{Call, Reply, Trouble};

pub(super) fn reply(trouble: &Trouble, call: &Call<'_>) -> Reply {
    match trouble {
        Trouble::RateLimited(retry_after) => {
            let wait = retry_after
                .iter()
                .map(|value| ("retry-after", value.clone()));
            rate_limited()
                .reply()
                .with(headers::exhausted())
                .with(wait.collect())
        }
        Trouble::QuotaExhausted => quota(
            "You exceeded your current quota, please check your plan and billing details.",
            "credit_balance_exhausted",
        ),
        Trouble::SpendLimit => quota(
            "Your project has reached its monthly spend limit.",
            "project_spend_limit_exceeded",
        ),
        Trouble::Overloaded => overloaded().reply(),
        Trouble::Status(status) => of_status(*status, call).reply(),
    }
}

fn rate_limited() -> ApiError {
    ApiError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "requests",
        format!(
            "Rate limit reached for organization simulated-org on requests per min (RPM): Limit \
             {limit}, Used {limit}, Requested 1. Please try again in 1s. Visit \
             https://platform.openai.com/account/rate-limits to learn more.",
            limit = headers::REQUEST_LIMIT
        ),
    )
    .coded("rate_limit_exceeded")
}

fn quota(message: &str, code: &'static str) -> Reply {
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "insufficient_quota", message)
        .coded(code)
        .reply()
}

fn overloaded() -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "service_unavailable_error",
        "Our servers are currently overloaded. Please try again later.",
    )
    .coded("server_is_overloaded")
}

/// The error that also turns up inside a 200.
pub(super) fn server_error() -> ApiError {
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        "The server had an error while processing your request. Sorry about that!",
    )
}

fn of_status(status: StatusCode, call: &Call<'_>) -> ApiError {
    let new = |kind, message| ApiError::new(status, kind, message);
    match status.as_u16() {
        400 => new("invalid_request_error", "The request is invalid."),
        401 => ApiError::wrong_key("revoked"),
        403 => new(
            "invalid_request_error",
            "Country, region, or territory not supported",
        )
        .coded("unsupported_country_region_territory"),
        404 => ApiError::no_such_model("this-model"),
        405 => ApiError::wrong_method(call.method, call.path),
        408 => new("invalid_request_error", "Request timed out.").coded("request_timeout"),
        409 => new(
            "invalid_request_error",
            "The resource is locked by another request.",
        )
        .coded("conflict"),
        413 => ApiError::too_large(),
        429 => rate_limited(),
        // The edge in front of OpenAI writes its codes as numbers.
        502 => new("cf_bad_gateway", "Bad gateway.").coded(502),
        503 => overloaded(),
        504 => new("cf_gateway_timeout", "Gateway timeout.").coded(504),
        _ if status.is_client_error() => new("invalid_request_error", "The request was refused."),
        _ => ApiError {
            status,
            ..server_error()
        },
    }
}
