//! Mistral's own errors when nothing is wrong with the request.

use http::StatusCode;

use super::error::ApiError;
use super::headers;
use crate::dialect::{Reply, Trouble};

pub(super) fn reply(trouble: &Trouble) -> Reply {
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
        Trouble::QuotaExhausted => unpaid().reply(),
        // The body is that of any other limit; the month's headers tell.
        Trouble::SpendLimit => rate_limited().reply().with(headers::exhausted_month()),
        Trouble::Overloaded => overloaded().reply(),
        Trouble::Status(status) => of_status(*status).reply(),
    }
}

fn rate_limited() -> ApiError {
    ApiError::new(
        StatusCode::TOO_MANY_REQUESTS,
        ("rate_limited", "1300"),
        "Rate limit exceeded",
    )
}

fn unpaid() -> ApiError {
    ApiError::detail(
        StatusCode::PAYMENT_REQUIRED,
        "Inactive subscription or usage limit reached",
    )
}

/// Too many callers for the model, which Mistral also calls too many
/// requests.
fn overloaded() -> ApiError {
    ApiError::new(
        StatusCode::TOO_MANY_REQUESTS,
        ("service_tier_capacity_exceeded", "3505"),
        "Service tier capacity exceeded for this model.",
    )
}

/// The error that also turns up inside a 200.
pub(super) fn server_error() -> ApiError {
    server_error_of(StatusCode::INTERNAL_SERVER_ERROR)
}

fn server_error_of(status: StatusCode) -> ApiError {
    ApiError::new(
        status,
        ("internal_server_error", "1000"),
        "Service unavailable.",
    )
}

fn of_status(status: StatusCode) -> ApiError {
    match status.as_u16() {
        401 => ApiError::unauthorized(),
        402 => unpaid(),
        403 => ApiError::detail(status, "Forbidden"),
        404 => ApiError::no_such_url(),
        405 => ApiError::wrong_method(),
        413 => ApiError::too_large(),
        429 => rate_limited(),
        // The proxy's words, not the API's.
        502 => ApiError::proxy(
            status,
            "An invalid response was received from the upstream server",
        ),
        503 => ApiError::new(
            status,
            ("unreachable_backend", "1100"),
            "Service unavailable.",
        ),
        504 => ApiError::proxy(status, "The upstream server is timing out"),
        _ if status.is_client_error() => ApiError::new(
            status,
            ("invalid_request_error", "3000"),
            "The request was refused.",
        ),
        _ => server_error_of(status),
    }
}
