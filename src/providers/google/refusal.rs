//! Reads what an error body of Google's says.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{ProviderErrorKind, TimeoutPhase};
use crate::providers::failure::Words;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    message: Option<Value>,
    status: Option<Value>,
    details: Option<Vec<Value>>,
}

/// Reads the body that came with `status`; one that is not JSON says nothing.
///
/// The error may be the only element of an array.
pub(crate) fn read(status: StatusCode, body: &[u8]) -> Words {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let envelope = match &document {
        Value::Array(elements) => elements.first().unwrap_or(&Value::Null),
        other => other,
    };
    match envelope.get("error") {
        Some(error) => words(status, error),
        None => Words::default(),
    }
}

/// Reads the `error` member; `status` is 200 if it came inside a success.
pub(super) fn words(status: StatusCode, error: &Value) -> Words {
    let body: Body = serde_json::from_value(error.clone()).unwrap_or_default();
    let text = |value: &Option<Value>| {
        let text = value.as_ref().and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let (message, word) = (text(&body.message), text(&body.status));
    let details = body.details.unwrap_or_default();
    Words {
        kind: classify(status, &word, &message, &details),
        wait: retry_delay(&details),
        message: Some(message),
    }
}

/// Reasons that are those of the key or its project, whatever the model.
const BAD_KEY: [&str; 9] = [
    "API_KEY_INVALID",
    "API_KEY_EXPIRED",
    "API_KEY_SERVICE_BLOCKED",
    "API_KEY_IP_ADDRESS_BLOCKED",
    "API_KEY_HTTP_REFERRER_BLOCKED",
    "SERVICE_DISABLED",
    "BILLING_DISABLED",
    "CONSUMER_INVALID",
    "CONSUMER_SUSPENDED",
];

/// Tells what a status word means; `None` leaves it to the status.
fn classify(
    status: StatusCode,
    word: &str,
    message: &str,
    details: &[Value],
) -> Option<ProviderErrorKind> {
    use ProviderErrorKind as Kind;
    let mut reasons = details
        .iter()
        .filter_map(|detail| detail.get("reason")?.as_str());
    let has_bad_key = reasons.any(|reason| BAD_KEY.contains(&reason));
    let kind = match word {
        // A bad key has the status and the word of a bad request.
        "INVALID_ARGUMENT" if has_bad_key || message.starts_with("API key ") => Kind::Unauthorized,
        "INVALID_ARGUMENT" if is_too_long(status, message) => Kind::ContextLength,
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" => Kind::InvalidRequest,
        "FAILED_PRECONDITION" if is_of_account(message) => Kind::Unauthorized,
        "FAILED_PRECONDITION" => Kind::InvalidRequest,
        "UNAUTHENTICATED" => Kind::Unauthorized,
        "PERMISSION_DENIED" if has_bad_key || is_of_key(message) => Kind::Unauthorized,
        "PERMISSION_DENIED" => Kind::ModelUnavailable,
        "RESOURCE_EXHAUSTED" if is_spent(message, details) => Kind::QuotaExhausted,
        "RESOURCE_EXHAUSTED" => Kind::RateLimited,
        "NOT_FOUND" => Kind::ModelUnavailable,
        "UNAVAILABLE" => Kind::Overloaded,
        "DEADLINE_EXCEEDED" => Kind::Timeout(TimeoutPhase::Vendor),
        "INTERNAL" | "ABORTED" | "UNKNOWN" | "CANCELLED" | "DATA_LOSS" => Kind::Server,
        _ => return None,
    };
    // A vendor that fails may say anything about why.
    let is_server_fault = matches!(
        kind,
        Kind::Overloaded | Kind::Server | Kind::Timeout(TimeoutPhase::Vendor)
    );
    (is_server_fault || !status.is_server_error()).then_some(kind)
}

/// The country or the billing of the account stands in the way, not the
/// request.
fn is_of_account(message: &str) -> bool {
    let words = ["location is not supported", "billing", "free tier"];
    words.iter().any(|words| message.contains(words))
}

/// The key or its project may not, whatever the model.
fn is_of_key(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let words = ["api key", "your project", "has not been used in project"];
    words.iter().any(|words| message.contains(words))
}

/// More tokens than the window, or more bytes than the API reads.
fn is_too_long(status: StatusCode, message: &str) -> bool {
    status == StatusCode::PAYLOAD_TOO_LARGE
        || message.contains("input token count")
        || message.contains("payload size exceeds the limit")
}

/// Tells whether a quota is gone that seconds do not bring back: one per day,
/// or money.
fn is_spent(message: &str, details: &[Value]) -> bool {
    let is_daily = |violation: &Value| {
        let names = ["quotaId", "quotaMetric", "subject"];
        let mut names = names
            .iter()
            .filter_map(|name| violation.get(name)?.as_str());
        names.any(|name| {
            name.to_ascii_lowercase()
                .replace('_', "")
                .contains("perday")
        })
    };
    let violations = details.iter().filter_map(|detail| detail.get("violations"));
    let mut violations = violations.filter_map(Value::as_array).flatten();
    violations.any(is_daily)
        || message.contains("prepayment credits are depleted")
        || message.contains("spending cap")
}

/// Reads the wait of a `RetryInfo`, `"45.837906927s"`; there is no header.
fn retry_delay(details: &[Value]) -> Option<Duration> {
    let delay = details.iter().find_map(|detail| {
        let delay = detail.get("retryDelay")?.as_str()?;
        delay.strip_suffix('s')?.parse::<f64>().ok()
    })?;
    // What is longer than a duration can be is longer than is believed.
    (delay > 0.0).then(|| Duration::try_from_secs_f64(delay).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, word: &str, message: &str, details: Value) -> Words {
        let error = serde_json::json!({"error":
            {"code": status, "message": message, "status": word, "details": details}});
        let status = StatusCode::from_u16(status).unwrap();
        let whole = read(status, error.to_string().as_bytes());
        let in_array = read(status, format!("[{error}]").as_bytes());
        assert_eq!(whole, in_array);
        whole
    }

    fn kind(status: u16, word: &str, message: &str, details: Value) -> Option<ProviderErrorKind> {
        said(status, word, message, details).kind
    }

    #[test]
    fn a_bad_request_may_be_a_bad_key_or_too_long() {
        use ProviderErrorKind as Kind;
        let none = serde_json::json!([]);
        let bad_key = serde_json::json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]);
        let long = "The input token count (1200000) exceeds the maximum number of tokens allowed";
        let invalid = |message, details| kind(400, "INVALID_ARGUMENT", message, details);

        assert_eq!(invalid("no", bad_key), Some(Kind::Unauthorized));
        assert_eq!(
            invalid("API key expired.", none.clone()),
            Some(Kind::Unauthorized)
        );
        assert_eq!(invalid(long, none.clone()), Some(Kind::ContextLength));
        assert_eq!(invalid("Unknown name", none), Some(Kind::InvalidRequest));
    }

    #[test]
    fn a_quota_per_day_is_spent_whatever_wait_is_named() {
        let retry = serde_json::json!({"@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": "45.837906927s"});
        let of = |quota: &str| {
            let failure =
                serde_json::json!({"violations": [{"quotaMetric": "m", "quotaId": quota}]});
            said(
                429,
                "RESOURCE_EXHAUSTED",
                "quota",
                serde_json::json!([failure, retry]),
            )
        };

        let minute = of("GenerateRequestsPerMinutePerProjectPerModel");
        let day = of("GenerateRequestsPerDayPerProjectPerModel-FreeTier");

        assert_eq!(minute.kind, Some(ProviderErrorKind::RateLimited));
        assert_eq!(minute.wait, Some(Duration::from_nanos(45_837_906_927)));
        assert_eq!(day.kind, Some(ProviderErrorKind::QuotaExhausted));
    }

    #[test]
    fn a_server_error_stays_one_whatever_it_says() {
        use ProviderErrorKind as Kind;
        let none = serde_json::json!([]);

        assert_eq!(kind(500, "INVALID_ARGUMENT", "API key", none.clone()), None);
        assert_eq!(
            kind(503, "UNAVAILABLE", "", none.clone()),
            Some(Kind::Overloaded)
        );
        assert_eq!(kind(500, "INTERNAL", "", none), Some(Kind::Server));
    }

    proptest::proptest! {
        #[test]
        fn no_body_is_too_strange(
            status in 200_u16..600,
            body in proptest::collection::vec(0_u8..=255, 0..200),
            delay in "[ -~]{0,20}",
        ) {
            let status = StatusCode::from_u16(status).unwrap();
            let _ = read(status, &body);
            let _ = retry_delay(&[serde_json::json!({"retryDelay": delay})]);
            for odd in ["[]", "null", "{}", r#"{"error":5}"#, r#"[{"error":[]}]"#] {
                proptest::prop_assert_eq!(read(status, odd.as_bytes()).kind, None);
            }
        }
    }
}
