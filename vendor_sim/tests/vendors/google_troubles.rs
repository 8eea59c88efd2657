//! Google's own errors.

use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::client::Answer;
use crate::faults::answered;

/// Finds a detail by the end of its type.
pub(crate) fn detail(answer: &Answer, kind: &str) -> Value {
    let details = answer.at("/error/details");
    let all = details.as_array().into_iter().flatten();
    let is_kind = |detail: &&Value| detail["@type"].as_str().unwrap().ends_with(kind);
    all.clone().find(is_kind).cloned().unwrap_or(Value::Null)
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_told_with_a_wait_in_the_body() {
    let limited = async |wait: Option<&str>| {
        let retry_after = wait.map(str::to_owned);
        answered(Vendor::Google, Fault::RateLimited { retry_after }).await
    };

    let unasked = limited(None).await;
    let asked = limited(Some("2")).await;
    let odd = limited(Some("soon")).await;

    assert_eq!(unasked.status, 429);
    assert_eq!(unasked.at("/error/status"), "RESOURCE_EXHAUSTED");
    let wait = |answer: &Answer| detail(answer, "RetryInfo")["retryDelay"].clone();
    assert_eq!(wait(&unasked), "45.837906927s");
    assert_eq!(wait(&asked), "2s");
    assert_eq!(wait(&odd), "soon");
    let quota = detail(&unasked, "QuotaFailure");
    let id = quota["violations"][0]["quotaId"].as_str().unwrap();
    assert!(id.contains("PerMinute"));
}

#[tokio::test(start_paused = true)]
async fn a_quota_of_the_day_comes_with_a_short_wait() {
    let answer = answered(Vendor::Google, Fault::QuotaExhausted).await;

    let quota = detail(&answer, "QuotaFailure");
    let id = quota["violations"][0]["quotaId"].as_str().unwrap();
    assert!(id.contains("PerDay"));
    assert_eq!(detail(&answer, "RetryInfo")["retryDelay"], "45.837906927s");
    assert_eq!(answer.status, 429);
}

#[tokio::test(start_paused = true)]
async fn a_spending_cap_comes_without_details() {
    let answer = answered(Vendor::Google, Fault::SpendLimit).await;

    assert_eq!(answer.status, 429);
    assert_eq!(answer.at("/error/details"), Value::Null);
    let told = answer.at("/error/message");
    assert!(told.as_str().unwrap().contains("spending cap"));
}

#[tokio::test(start_paused = true)]
async fn every_status_has_its_word() {
    let cases = [
        (400, "FAILED_PRECONDITION"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (408, "DEADLINE_EXCEEDED"),
        (409, "ABORTED"),
        (413, "INVALID_ARGUMENT"),
        (429, "RESOURCE_EXHAUSTED"),
        (499, "CANCELLED"),
        (500, "INTERNAL"),
        (501, "UNIMPLEMENTED"),
        (502, "UNAVAILABLE"),
        (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
    ];
    for (status, word) in cases {
        let answer = answered(Vendor::Google, Fault::Status { status }).await;

        assert_eq!(answer.status, status);
        assert_eq!(
            (answer.at("/error/code"), answer.at("/error/status")),
            (json!(status), json!(word))
        );
    }
    let overloaded = answered(Vendor::Google, Fault::Overloaded).await;
    assert_eq!(overloaded.status, 503);
    assert_eq!(
        overloaded.at("/error/message"),
        "The model is overloaded. Please try again later."
    );
}
