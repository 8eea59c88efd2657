//! The vendors' own errors.

use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::faults::answered;

#[tokio::test(start_paused = true)]
async fn limits_are_told_with_or_without_a_wait() {
    for vendor in Vendor::ALL {
        for retry_after in [None, Some("2"), Some("-1"), Some("1e99")] {
            let fault = Fault::RateLimited {
                retry_after: retry_after.map(str::to_owned),
            };

            let answer = answered(*vendor, fault).await;

            assert_eq!(answer.status, 429);
            // Google has no such header, whatever it is told.
            let is_googles = [Vendor::Google, Vendor::Vertex, Vendor::Metadata].contains(vendor);
            let told = retry_after.filter(|_| !is_googles);
            assert_eq!(answer.header("retry-after"), told);
        }
    }
    let openai = answered(Vendor::OpenAi, Fault::RateLimited { retry_after: None }).await;
    let anthropic = answered(Vendor::Anthropic, Fault::RateLimited { retry_after: None }).await;
    assert_eq!(openai.at("/error/code"), "rate_limit_exceeded");
    assert_eq!(openai.header("x-ratelimit-remaining-requests"), Some("0"));
    assert_eq!(anthropic.at("/error/type"), "rate_limit_error");
    assert_eq!(
        anthropic.header("anthropic-ratelimit-requests-remaining"),
        Some("0")
    );
}

/// The status and the two members that tell the kind of an error.
async fn told(vendor: Vendor, fault: Fault) -> (u16, Value, Value) {
    let answer = answered(vendor, fault).await;
    let (kind, code) = match vendor {
        Vendor::OpenAi => ("/error/type", "/error/code"),
        Vendor::Anthropic => ("/error/type", "/error/details/error_code"),
        Vendor::Mistral => ("/type", "/code"),
        Vendor::Groq => ("/error/type", "/error/code"),
        Vendor::Google | Vendor::Vertex | Vendor::Metadata => ("/error/type", "/error/status"),
    };
    (answer.status.as_u16(), answer.at(kind), answer.at(code))
}

#[tokio::test(start_paused = true)]
async fn openai_tells_its_troubles() {
    let cases = [
        (
            Fault::QuotaExhausted,
            429,
            "insufficient_quota",
            json!("credit_balance_exhausted"),
        ),
        (
            Fault::SpendLimit,
            429,
            "insufficient_quota",
            json!("project_spend_limit_exceeded"),
        ),
        (
            Fault::Overloaded,
            503,
            "service_unavailable_error",
            json!("server_is_overloaded"),
        ),
        (
            Fault::Status { status: 500 },
            500,
            "server_error",
            Value::Null,
        ),
        (
            Fault::Status { status: 502 },
            502,
            "cf_bad_gateway",
            json!(502),
        ),
        (
            Fault::Status { status: 503 },
            503,
            "service_unavailable_error",
            json!("server_is_overloaded"),
        ),
        (
            Fault::Status { status: 401 },
            401,
            "invalid_request_error",
            json!("invalid_api_key"),
        ),
        (
            Fault::Status { status: 403 },
            403,
            "invalid_request_error",
            json!("unsupported_country_region_territory"),
        ),
        (
            Fault::Status { status: 404 },
            404,
            "invalid_request_error",
            json!("model_not_found"),
        ),
        (
            Fault::Status { status: 408 },
            408,
            "invalid_request_error",
            json!("request_timeout"),
        ),
    ];
    for (fault, status, kind, code) in cases {
        assert_eq!(
            told(Vendor::OpenAi, fault).await,
            (status, json!(kind), code)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn anthropic_tells_its_troubles() {
    let none = Value::Null;
    let cases = [
        (
            Fault::QuotaExhausted,
            400,
            "invalid_request_error",
            none.clone(),
        ),
        (
            Fault::SpendLimit,
            429,
            "rate_limit_error",
            json!("enforced_spend_limit_reached"),
        ),
        (Fault::Overloaded, 529, "overloaded_error", none.clone()),
        (
            Fault::Status { status: 500 },
            500,
            "api_error",
            none.clone(),
        ),
        (
            Fault::Status { status: 502 },
            502,
            "api_error",
            none.clone(),
        ),
        (
            Fault::Status { status: 504 },
            504,
            "timeout_error",
            none.clone(),
        ),
        (
            Fault::Status { status: 401 },
            401,
            "authentication_error",
            none.clone(),
        ),
        (
            Fault::Status { status: 402 },
            402,
            "billing_error",
            none.clone(),
        ),
        (
            Fault::Status { status: 403 },
            403,
            "permission_error",
            none.clone(),
        ),
        (
            Fault::Status { status: 404 },
            404,
            "not_found_error",
            none.clone(),
        ),
        (Fault::Status { status: 408 }, 408, "timeout_error", none),
    ];
    for (fault, status, kind, code) in cases {
        assert_eq!(
            told(Vendor::Anthropic, fault).await,
            (status, json!(kind), code)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn mistral_tells_its_troubles() {
    let none = Value::Null;
    let cases = [
        (
            Fault::RateLimited { retry_after: None },
            429,
            json!("rate_limited"),
            json!("1300"),
        ),
        (Fault::QuotaExhausted, 402, none.clone(), none.clone()),
        (Fault::SpendLimit, 429, json!("rate_limited"), json!("1300")),
        (
            Fault::Overloaded,
            429,
            json!("service_tier_capacity_exceeded"),
            json!("3505"),
        ),
        (
            Fault::Status { status: 400 },
            400,
            json!("invalid_request_error"),
            json!("3000"),
        ),
        (
            Fault::Status { status: 401 },
            401,
            none.clone(),
            none.clone(),
        ),
        (
            Fault::Status { status: 404 },
            404,
            none.clone(),
            none.clone(),
        ),
        (
            Fault::Status { status: 500 },
            500,
            json!("internal_server_error"),
            json!("1000"),
        ),
        (Fault::Status { status: 502 }, 502, none.clone(), none),
        (
            Fault::Status { status: 503 },
            503,
            json!("unreachable_backend"),
            json!("1100"),
        ),
    ];
    for (fault, status, kind, code) in cases {
        assert_eq!(told(Vendor::Mistral, fault).await, (status, kind, code));
    }
}

#[tokio::test(start_paused = true)]
async fn mistrals_headers_tell_which_limit_is_reached() {
    let minute = answered(Vendor::Mistral, Fault::RateLimited { retry_after: None }).await;
    let month = answered(Vendor::Mistral, Fault::SpendLimit).await;

    assert_eq!(minute.json(), month.json());
    assert_eq!(minute.header("x-ratelimit-remaining-req-minute"), Some("0"));
    assert_eq!(minute.header("x-ratelimit-remaining-tokens-month"), None);
    assert_eq!(
        month.header("x-ratelimit-remaining-tokens-month"),
        Some("0")
    );
}
