//! Google's own errors when nothing is wrong with the request.
//!
//! Waiting times are in the body, never in a header.

use http::StatusCode;
use serde_json::json;

use super::api::Api;
use super::error::ApiError;
use crate::dialect::{Reply, Trouble};

pub(crate) fn reply(trouble: &Trouble, api: Api) -> Reply {
    let error = match trouble {
        Trouble::RateLimited(wait) => rate_limited(wait.as_deref(), api),
        Trouble::QuotaExhausted => {
            // The trap: a quota of the day that comes with a short wait.
            over_quota(Quota::of_day(api), &delay(None))
        }
        Trouble::SpendLimit => ApiError::new(
            429,
            "RESOURCE_EXHAUSTED",
            "Your project has exceeded its monthly spending cap. Please go to \
             https://ai.studio/spend to manage your project's spending cap.",
        ),
        Trouble::Overloaded => overloaded(),
        Trouble::Status(status) => of_status(*status, api),
    };
    error.reply()
}

/// A wait as real answers give it.
const WAIT: &str = "45.837906927";

/// Returns the wait as a duration: a number of seconds gets its unit, anything
/// else goes out as it is.
fn delay(wait: Option<&str>) -> String {
    let wait = wait.unwrap_or(WAIT);
    if wait.parse::<f64>().is_ok() {
        format!("{wait}s")
    } else {
        wait.to_owned()
    }
}

fn rate_limited(wait: Option<&str>, api: Api) -> ApiError {
    // Vertex draws on a capacity that all share, so it names neither a quota
    // nor a time.
    if api.is_vertex() && wait.is_none() {
        return ApiError::new(
            429,
            "RESOURCE_EXHAUSTED",
            "Resource exhausted. Please try again later. Please refer to \
             https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.",
        );
    }
    over_quota(Quota::of_minute(api), &delay(wait))
}

/// A quota's names.
struct Quota {
    metric: &'static str,
    id: &'static str,
    value: &'static str,
}

impl Quota {
    fn of_minute(api: Api) -> Self {
        if api.is_vertex() {
            Self {
                metric: "aiplatform.googleapis.com/generate_content_requests_per_minute_per_base_model",
                id: "GenerateContentRequestsPerMinutePerProjectPerBaseModel",
                value: "60",
            }
        } else {
            Self {
                metric: "generativelanguage.googleapis.com/generate_content_paid_tier_requests",
                id: "GenerateRequestsPerMinutePerProjectPerModel-PaidTier",
                value: "1000",
            }
        }
    }

    fn of_day(api: Api) -> Self {
        if api.is_vertex() {
            Self {
                metric: "aiplatform.googleapis.com/generate_content_requests_per_day_per_base_model",
                id: "GenerateContentRequestsPerDayPerProjectPerBaseModel",
                value: "10000",
            }
        } else {
            Self {
                metric: "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                id: "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
                value: "250",
            }
        }
    }
}

fn over_quota(quota: Quota, delay: &str) -> ApiError {
    let Quota { metric, id, value } = quota;
    ApiError::new(
        429,
        "RESOURCE_EXHAUSTED",
        format!(
            "You exceeded your current quota, please check your plan and billing details. For \
             more information on this error, head to: \
             https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: \
             {metric}, limit: {value}\nPlease retry in {delay}."
        ),
    )
    .detail(
        "google.rpc.QuotaFailure",
        json!({"violations": [{"quotaMetric": metric, "quotaId": id, "quotaValue": value,
            "quotaDimensions": {"location": "global", "model": "this-model"}}]}),
    )
    .detail(
        "google.rpc.Help",
        json!({"links": [{"description": "Learn more about quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}]}),
    )
    .detail("google.rpc.RetryInfo", json!({"retryDelay": delay}))
}

fn overloaded() -> ApiError {
    ApiError::new(
        503,
        "UNAVAILABLE",
        "The model is overloaded. Please try again later.",
    )
}

/// The error that also turns up inside a 200.
pub(super) fn internal() -> ApiError {
    ApiError::new(
        500,
        "INTERNAL",
        "An internal error has occurred. Please retry or report in \
         https://developers.generativeai.google/guide/troubleshooting",
    )
}

fn of_status(status: StatusCode, api: Api) -> ApiError {
    let (word, message) = match status.as_u16() {
        400 => (
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
        ),
        401 => (
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials.",
        ),
        403 => ("PERMISSION_DENIED", "The caller does not have permission."),
        404 => ("NOT_FOUND", "models/this-model is not found."),
        408 | 504 => (
            "DEADLINE_EXCEEDED",
            "Deadline expired before operation could complete.",
        ),
        409 => ("ABORTED", "The operation was aborted."),
        429 => return rate_limited(None, api),
        499 => ("CANCELLED", "The operation was cancelled."),
        500 => return internal(),
        501 => (
            "UNIMPLEMENTED",
            "Operation is not implemented, or supported, or enabled.",
        ),
        503 => return overloaded(),
        _ if status.is_client_error() => ("INVALID_ARGUMENT", "The request was refused."),
        _ => ("UNAVAILABLE", "The service is currently unavailable."),
    };
    ApiError::new(status.as_u16(), word, message)
}
