//! Anthropic's own errors when nothing is wrong with the request.

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
                .reply(call)
                .with(headers::exhausted(call))
                .with(wait.collect())
        }
        Trouble::QuotaExhausted => ApiError::invalid(
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & \
             Billing to upgrade or purchase credits.",
        )
        .reply(call),
        Trouble::SpendLimit => ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_error",
            "You have reached your specified API usage limits.",
        )
        .coded("enforced_spend_limit_reached")
        .reply(call),
        Trouble::Overloaded => overloaded().reply(call),
        Trouble::Status(status) => of_status(*status).reply(call),
    }
}

fn rate_limited() -> ApiError {
    ApiError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limit_error",
        "This request would exceed your organization's rate limit of 4,000 requests per minute. \
         For details, refer to: https://docs.claude.com/en/api/rate-limits.",
    )
}

/// The error that also turns up inside a 200.
pub(super) fn overloaded() -> ApiError {
    // 529 is not registered, so the `http` crate has no name for it.
    let status = StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    ApiError::new(status, "overloaded_error", "Overloaded")
}

fn of_status(status: StatusCode) -> ApiError {
    let (kind, message) = match status.as_u16() {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "Your account has an unpaid invoice."),
        403 => (
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        404 => ("not_found_error", "model: this-model"),
        408 | 504 => ("timeout_error", "Request timed out."),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => return rate_limited(),
        529 => ("overloaded_error", "Overloaded"),
        _ if status.is_client_error() => ("invalid_request_error", "The request was refused."),
        _ => ("api_error", "Internal server error"),
    };
    ApiError::new(status, kind, message)
}
