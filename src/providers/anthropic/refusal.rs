//! Reads what an error body says.

use http::StatusCode;
use serde::Deserialize;

use crate::domain::{ProviderErrorKind, TimeoutPhase};
use crate::providers::failure::Words;
use crate::providers::google;

#[derive(Deserialize)]
struct Envelope {
    error: Body,
}

/// The `error` member.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    #[serde(rename = "type")]
    kind: String,
    message: String,
    details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    error_code: Option<String>,
}

/// Reads the body that came with `status`; one that is not JSON says nothing.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Words {
    serde_json::from_slice::<Envelope>(body)
        .map(|envelope| words(status, envelope.error))
        .unwrap_or_default()
}

/// Reads the body of an answer of Vertex AI: Anthropic's words about the
/// request, Google's about who asks and how often.
pub(super) fn read_on_vertex(status: StatusCode, body: &[u8]) -> Words {
    let words = read(status, body);
    if words.kind.is_some() {
        return words;
    }
    let mut words = google::read_refusal(status, body);
    // Anthropic's words may come in Google's envelope.
    if words.kind == Some(ProviderErrorKind::InvalidRequest) {
        let said = words.message.as_deref().unwrap_or_default();
        words.kind = Some(by_words(said));
    }
    words
}

/// One type has three meanings; the text alone tells them apart.
fn by_words(message: &str) -> ProviderErrorKind {
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if says(&[
        "credit balance is too low",
        "reached your specified API usage limits",
    ]) {
        ProviderErrorKind::QuotaExhausted
    } else if says(&["prompt is too long", "exceed context limit"]) {
        ProviderErrorKind::ContextLength
    } else {
        ProviderErrorKind::InvalidRequest
    }
}

/// Reads the `error` member; `status` is 200 if it came inside a success.
pub(super) fn words(status: StatusCode, body: Body) -> Words {
    Words {
        kind: classify(status, &body),
        message: Some(body.message),
        wait: None,
    }
}

fn classify(status: StatusCode, body: &Body) -> Option<ProviderErrorKind> {
    use ProviderErrorKind as Kind;
    let code = body
        .details
        .as_ref()
        .and_then(|details| details.error_code.as_deref());
    let is_spent = matches!(
        code,
        Some("enforced_spend_limit_reached" | "contract_spend_limit_reached")
    );
    if status.is_server_error() {
        // A vendor that fails may say anything about why.
        return match body.kind.as_str() {
            "overloaded_error" => Some(Kind::Overloaded),
            "timeout_error" => Some(Kind::Timeout(TimeoutPhase::Vendor)),
            "api_error" => Some(Kind::Server),
            _ => None,
        };
    }
    let kind = match body.kind.as_str() {
        "billing_error" => Kind::QuotaExhausted,
        "rate_limit_error" if is_spent => Kind::QuotaExhausted,
        "rate_limit_error" => Kind::RateLimited,
        "overloaded_error" => Kind::Overloaded,
        "authentication_error" => Kind::Unauthorized,
        "permission_error" if is_of_account(&body.message) => Kind::Unauthorized,
        "permission_error" => Kind::ModelUnavailable,
        "not_found_error" => Kind::ModelUnavailable,
        "request_too_large" => Kind::ContextLength,
        "timeout_error" => Kind::Timeout(TimeoutPhase::Vendor),
        "api_error" => Kind::Server,
        "invalid_request_error" => by_words(&body.message),
        _ => return None,
    };
    Some(kind)
}

/// Tells whether it is the account that may not, whatever the model.
fn is_of_account(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let words = ["organization", "account", "workspace"];
    words.iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, kind: &str, message: &str) -> Option<ProviderErrorKind> {
        let error = serde_json::json!({"type": kind, "message": message});
        let body = serde_json::json!({"type": "error", "error": error, "request_id": "req_1"});
        read(
            StatusCode::from_u16(status).unwrap(),
            body.to_string().as_bytes(),
        )
        .kind
    }

    #[test]
    fn one_status_means_opposite_things() {
        use ProviderErrorKind as Kind;
        let invalid = |message| kind(400, "invalid_request_error", message);

        assert_eq!(
            invalid("Your credit balance is too low to access"),
            Some(Kind::QuotaExhausted)
        );
        assert_eq!(
            invalid("prompt is too long: 200001 tokens > 200000 maximum"),
            Some(Kind::ContextLength)
        );
        assert_eq!(
            invalid("input length and `max_tokens` exceed context limit: 1 + 2 > 2"),
            Some(Kind::ContextLength)
        );
        assert_eq!(
            invalid("max_tokens: Field required"),
            Some(Kind::InvalidRequest)
        );
    }

    #[test]
    fn a_spend_limit_is_no_rate_limit() {
        let body = r#"{"type":"error","error":{"type":"rate_limit_error","message":"spent",
            "details":{"error_code":"enforced_spend_limit_reached"}}}"#;

        let words = read(StatusCode::TOO_MANY_REQUESTS, body.as_bytes());

        assert_eq!(words.kind, Some(ProviderErrorKind::QuotaExhausted));
        assert_eq!(
            kind(429, "rate_limit_error", ""),
            Some(ProviderErrorKind::RateLimited)
        );
    }

    #[test]
    fn other_forms_never_fail() {
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"error":"text"}"#,
            r#"{"error":null}"#,
        ] {
            assert_eq!(
                read(StatusCode::BAD_GATEWAY, body.as_bytes()),
                Words::default()
            );
        }
    }

    #[test]
    fn a_server_error_stays_one_whatever_it_says() {
        for name in [
            "invalid_request_error",
            "rate_limit_error",
            "request_too_large",
            "not_found_error",
            "authentication_error",
        ] {
            assert_eq!(kind(500, name, "prompt is too long"), None, "{name}");
        }
        assert_eq!(
            kind(529, "overloaded_error", ""),
            Some(ProviderErrorKind::Overloaded)
        );
    }

    proptest::proptest! {
        #[test]
        fn no_body_is_too_strange(status in 200_u16..600, body in proptest::collection::vec(0_u8..=255, 0..200)) {
            let status = StatusCode::from_u16(status).unwrap();
            let _ = read(status, &body);
        }
    }
}
