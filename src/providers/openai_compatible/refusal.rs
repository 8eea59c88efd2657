//! Reads what an error body says.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{ProviderErrorKind, TimeoutPhase};
use crate::providers::failure::Words;

/// `{"error": {…}}` of OpenAI, or the bare object of some others.
#[derive(Deserialize)]
struct Envelope {
    error: Option<Value>,
    #[serde(flatten)]
    bare: Body,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    message: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<Value>,
    // Mistral's own validator has this alone.
    detail: Option<Value>,
    // A string at OpenAI, the status as a number at llama.cpp.
    code: Option<Value>,
}

/// Reads the body that came with `status`; one that is not JSON says nothing.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Words {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else {
        return Words::default();
    };
    match envelope.error {
        Some(error) => read_error(status, error),
        None => words(status, &envelope.bare),
    }
}

/// Reads the `error` member; `status` is 200 if it came inside a success.
pub(super) fn read_error(status: StatusCode, error: Value) -> Words {
    match error {
        Value::String(message) => Words {
            message: Some(message),
            ..Words::default()
        },
        other => {
            let body: Body = serde_json::from_value(other).unwrap_or_default();
            words(status, &body)
        }
    }
}

fn words(status: StatusCode, body: &Body) -> Words {
    let text = |value: &Option<Value>| {
        let text = value.as_ref().and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let (code, kind) = (text(&body.code), text(&body.kind));
    let message = match (&body.message, &body.detail) {
        (Some(Value::String(message)), _) => message.clone(),
        // Mistral also wraps its validator's words in a message.
        (Some(Value::Object(wrapped)), _) => details(wrapped.get("detail")),
        (_, detail) => details(detail.as_ref()),
    };
    Words {
        kind: classify(status, &code, &kind, &message),
        message: Some(message),
        wait: None,
    }
}

/// Puts a validator's findings on one line: where and what.
fn details(detail: Option<&Value>) -> String {
    let finding = |finding: &Value| {
        let steps = finding.get("loc").and_then(Value::as_array);
        let place: Vec<String> = steps
            .into_iter()
            .flatten()
            .map(|step| {
                step.as_str()
                    .map_or_else(|| step.to_string(), str::to_owned)
            })
            .collect();
        let words = finding.get("msg").and_then(Value::as_str);
        format!("{}: {}", place.join("."), words.unwrap_or_default())
    };
    match detail {
        Some(Value::String(words)) => words.clone(),
        Some(Value::Array(findings)) => {
            let lines: Vec<String> = findings.iter().map(finding).collect();
            lines.join("; ")
        }
        _ => String::new(),
    }
}

/// Tells what a code or type means; `None` leaves it to the status.
fn classify(
    status: StatusCode,
    code: &str,
    kind: &str,
    message: &str,
) -> Option<ProviderErrorKind> {
    use ProviderErrorKind as Kind;
    if status.is_server_error() {
        // A vendor that fails may say anything about why; overload alone
        // makes a difference to what may be done.
        let is_overload = matches!(code, "server_is_overloaded" | "slow_down" | "overloaded");
        return is_overload.then_some(Kind::Overloaded);
    }
    let found = match (code, kind) {
        ("insufficient_quota" | "credit_balance_exhausted" | "billing_hard_limit_reached", _)
        | ("organization_usage_limit_exceeded" | "billing_not_active" | "blocked_api_access", _)
        | (_, "insufficient_quota") => Kind::QuotaExhausted,
        (code, _) if code.ends_with("_spend_limit_exceeded") => Kind::QuotaExhausted,
        ("context_length_exceeded", _) | (_, "exceed_context_size_error") => Kind::ContextLength,
        // vLLM has no code for it, and Mistral one that is not documented.
        _ if status == StatusCode::BAD_REQUEST && says_too_long(message) => Kind::ContextLength,
        ("rate_limit_exceeded", "tokens") if status == StatusCode::PAYLOAD_TOO_LARGE => {
            Kind::TooLargeForPlan
        }
        _ if status == StatusCode::TOO_MANY_REQUESTS && message.contains("Request too large") => {
            Kind::TooLargeForPlan
        }
        ("model_not_found" | "model_decommissioned", _) | (_, "invalid_model") => {
            Kind::ModelUnavailable
        }
        ("content_filter" | "content_policy_violation", _) => Kind::Blocked,
        ("invalid_api_key" | "unsupported_country_region_territory", _)
        | (_, "authentication_error") => Kind::Unauthorized,
        ("server_is_overloaded" | "capacity_exceeded", _)
        | (_, "unavailable_error" | "service_tier_capacity_exceeded") => Kind::Overloaded,
        ("rate_limit_exceeded" | "slow_down", _) | (_, "rate_limit_error" | "rate_limited") => {
            Kind::RateLimited
        }
        (_, "server_error" | "api_error") => Kind::Server,
        (_, "timeout_error") => Kind::Timeout(TimeoutPhase::Vendor),
        ("unsupported_parameter" | "unsupported_value", _) => Kind::InvalidRequest,
        _ => return None,
    };
    Some(found)
}

fn says_too_long(message: &str) -> bool {
    message.contains("maximum context length") || message.contains("too large for model")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, body: &str) -> Option<ProviderErrorKind> {
        read(StatusCode::from_u16(status).unwrap(), body.as_bytes()).kind
    }

    fn coded(status: u16, code: &str, kind_name: &str, message: &str) -> Option<ProviderErrorKind> {
        let body = serde_json::json!({"error": {"message": message, "type": kind_name, "param": null, "code": code}});
        kind(status, &body.to_string())
    }

    #[test]
    fn one_status_means_opposite_things() {
        use ProviderErrorKind as Kind;

        let quota = coded(429, "insufficient_quota", "insufficient_quota", "");
        let spend = coded(429, "project_spend_limit_exceeded", "rate_limit_error", "");
        let plan = coded(
            429,
            "rate_limit_exceeded",
            "tokens",
            "Request too large for gpt-6",
        );
        let rate = coded(429, "rate_limit_exceeded", "requests", "Rate limit reached");

        assert_eq!(quota, Some(Kind::QuotaExhausted));
        assert_eq!(spend, Some(Kind::QuotaExhausted));
        assert_eq!(plan, Some(Kind::TooLargeForPlan));
        assert_eq!(rate, Some(Kind::RateLimited));
    }

    #[test]
    fn vllms_words_for_a_full_window_are_known() {
        let message = "This model's maximum context length is 4096 tokens.";
        let found = coded(400, "", "BadRequestError", message);

        assert_eq!(found, Some(ProviderErrorKind::ContextLength));
    }

    #[test]
    fn a_server_error_stays_one_whatever_it_says() {
        assert_eq!(
            coded(500, "context_length_exceeded", "invalid_request_error", ""),
            None
        );
        assert_eq!(
            coded(503, "server_is_overloaded", "server_error", ""),
            Some(ProviderErrorKind::Overloaded)
        );
    }

    #[test]
    fn llama_cpps_numbers_are_read() {
        let loading =
            r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#;
        let size =
            r#"{"error":{"code":400,"message":"too big","type":"exceed_context_size_error"}}"#;

        // The status says it: 503 is an overload.
        assert_eq!(kind(503, loading), None);
        assert_eq!(kind(400, size), Some(ProviderErrorKind::ContextLength));
    }

    #[test]
    fn mistrals_forms_are_read() {
        use ProviderErrorKind as Kind;
        let bare = |kind: &str, message: &str| {
            serde_json::json!({"object": "error", "message": message, "type": kind,
                "param": null, "code": "1500"})
            .to_string()
        };
        let validator = r#"{"detail":[{"type":"extra_forbidden","loc":["body","seed"],
            "msg":"Extra inputs are not permitted","input":1}]}"#;
        let wrapped = format!(r#"{{"object":"error","message":{validator},"type":"x"}}"#);
        let words = |body: &str| read(StatusCode::UNPROCESSABLE_ENTITY, body.as_bytes()).message;

        assert_eq!(
            kind(400, &bare("invalid_model", "")),
            Some(Kind::ModelUnavailable)
        );
        assert_eq!(
            kind(429, &bare("rate_limited", "")),
            Some(Kind::RateLimited)
        );
        let long = "Prompt contains 40000 tokens, too large for model with 32768 maximum";
        assert_eq!(kind(400, &bare("x", long)), Some(Kind::ContextLength));
        let expected = "body.seed: Extra inputs are not permitted";
        assert_eq!(words(validator).as_deref(), Some(expected));
        assert_eq!(words(&wrapped).as_deref(), Some(expected));
        assert_eq!(
            words(r#"{"detail":"Unauthorized"}"#).as_deref(),
            Some("Unauthorized")
        );
    }

    #[test]
    fn other_forms_never_fail() {
        for body in [
            "",
            "<html>",
            "[]",
            "null",
            "{}",
            r#"{"error":null}"#,
            r#"{"error":[1]}"#,
        ] {
            assert_eq!(kind(500, body), None, "{body:?}");
        }
        let text = read(StatusCode::BAD_GATEWAY, br#"{"error":"upstream is gone"}"#);
        assert_eq!(text.message.as_deref(), Some("upstream is gone"));
        let bare = read(
            StatusCode::BAD_REQUEST,
            br#"{"object":"error","message":"no"}"#,
        );
        assert_eq!(bare.message.as_deref(), Some("no"));
    }

    proptest::proptest! {
        #[test]
        fn no_body_is_too_strange(status in 200_u16..600, body in proptest::collection::vec(0_u8..=255, 0..200)) {
            let status = StatusCode::from_u16(status).unwrap();
            let _ = read(status, &body);
        }
    }
}
