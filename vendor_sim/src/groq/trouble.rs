//! Groq's own errors when nothing is wrong with the request.

use http::StatusCode;

use super::error::ApiError;
use crate::dialect::{Call, Reply, Trouble};

pub(super) fn reply(trouble: &Trouble, call: &Call<'_>) -> Reply {
    match trouble {
        Trouble::RateLimited(retry_after) => {
            let wait = retry_after
                .iter()
                .map(|value| ("retry-after", value.clone()));
            rate_limited(call).reply().with(wait.collect())
        }
        // Groq bills afterwards: nobody runs out of credit, but of the limit
        // that he has set himself.
        Trouble::QuotaExhausted | Trouble::SpendLimit => spent().reply(),
        Trouble::Overloaded => overloaded().reply(),
        Trouble::Status(status) => of_status(*status, call).reply(),
    }
}

fn rate_limited(call: &Call<'_>) -> ApiError {
    let limit = call.tokens_per_minute;
    let message = format!(
        "Rate limit reached for model `openai/gpt-oss-20b` in organization `org_simulated` service \
         tier `on_demand` on tokens per minute (TPM): Limit {limit}, Used {limit}, Requested 100. \
         Please try again in 1.5s. Need more tokens? Upgrade to Dev Tier today at \
         https://console.groq.com/settings/billing"
    );
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "tokens", message).coded("rate_limit_exceeded")
}

fn spent() -> ApiError {
    ApiError::invalid("Your organization has reached its spend limit, so that its API is blocked.")
        .coded("blocked_api_access")
}

fn overloaded() -> ApiError {
    let status = StatusCode::from_u16(498).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let message = "Flex tier capacity exceeded. Please try again later.";
    ApiError::new(status, "capacity_exceeded", message).coded("capacity_exceeded")
}

/// The error that also turns up inside a 200.
pub(super) fn server_error() -> ApiError {
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_server_error",
        "Internal Server Error",
    )
}

fn of_status(status: StatusCode, call: &Call<'_>) -> ApiError {
    let invalid = |message| ApiError::new(status, "invalid_request_error", message);
    match status.as_u16() {
        401 => ApiError::wrong_key(),
        403 => ApiError::new(status, "permissions_error", "Forbidden"),
        404 => ApiError::no_such_model("this-model"),
        413 => ApiError::too_large(),
        422 => invalid("Unprocessable Entity"),
        429 => rate_limited(call),
        498 => overloaded(),
        503 => ApiError::new(status, "service_unavailable", "Service Unavailable"),
        _ if status.is_client_error() => invalid("The request was refused."),
        _ => ApiError {
            status,
            ..server_error()
        },
    }
}
