//! Every way in which a vendor fails, and what the caller is told.

use std::sync::Arc;

use ai_gateway::providers::{Transport, TransportBody, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tokio::time::Instant;
use vendor_sim::{Fault, Simulator, Vendor};

use crate::seats::{SEATS, Seat};
use crate::support::{Rig, VENDORS};

/// What one vendor's fault makes of a call that nobody else may answer.
struct Case {
    fault: Fault,
    /// The contract's type.
    kind: &'static str,
    /// The attempt's outcome.
    outcome: &'static str,
    retryable: bool,
    /// The wait that the vendor names. What is told may be a tenth longer.
    retry_after_ms: Option<u64>,
    /// Two, where the target is given a second chance.
    attempts: usize,
}

const fn case(fault: Fault, kind: &'static str, outcome: &'static str, retryable: bool) -> Case {
    Case {
        fault,
        kind,
        outcome,
        retryable,
        retry_after_ms: None,
        attempts: 1,
    }
}

/// The same for a fault after which the target is asked once more.
fn twice(fault: Fault, kind: &'static str, outcome: &'static str, retryable: bool) -> Case {
    Case {
        attempts: 2,
        ..case(fault, kind, outcome, retryable)
    }
}

fn after(retry_after: &str, expected_ms: u64) -> Case {
    Case {
        fault: Fault::RateLimited {
            retry_after: Some(retry_after.to_owned()),
        },
        kind: "provider_rate_limited",
        outcome: "rate_limited",
        retryable: true,
        retry_after_ms: Some(expected_ms),
        // It is worth waiting for up to two seconds.
        attempts: if expected_ms < 2_000 { 2 } else { 1 },
    }
}

impl Case {
    /// Adapts what is expected to a vendor that says it otherwise.
    fn at(self, seat: &Seat) -> Self {
        match (seat.vendor, &self.fault) {
            // Its plain 400 says that the account's country is not served.
            (Vendor::Google | Vendor::Vertex, Fault::Status { status: 400 }) => {
                case(self.fault, "provider_unavailable", "unauthorized", false)
            }
            (Vendor::Google | Vendor::Vertex, Fault::Status { status: 502 }) => {
                twice(self.fault, "provider_unavailable", "overloaded", true)
            }
            // Its plain 403 says the same.
            (Vendor::OpenAi, Fault::Status { status: 403 }) => {
                case(self.fault, "provider_unavailable", "unauthorized", false)
            }
            // Its access token may have been spent.
            (Vendor::Vertex, Fault::Status { status: 401 }) => {
                twice(self.fault, "provider_unavailable", "unauthorized", false)
            }
            // The body is that of any other limit.
            (Vendor::Mistral, Fault::SpendLimit) => {
                twice(self.fault, "provider_rate_limited", "rate_limited", true)
            }
            _ => self,
        }
    }
}

fn cases() -> Vec<Case> {
    let status = |status| Fault::Status { status };
    vec![
        twice(Fault::Down, "provider_unavailable", "transport", true),
        case(Fault::Reset, "provider_unavailable", "transport", true),
        case(
            Fault::ShortBody { after_bytes: 20 },
            "provider_unavailable",
            "broken",
            true,
        ),
        case(
            Fault::CutBody { after_bytes: 20 },
            "provider_unavailable",
            "broken",
            true,
        ),
        case(
            Fault::ResetBody { after_bytes: 20 },
            "provider_unavailable",
            "broken",
            true,
        ),
        case(
            Fault::Stall { after_bytes: 20 },
            "provider_timeout",
            "timeout",
            true,
        ),
        case(Fault::Garbage, "provider_unavailable", "broken", true),
        case(Fault::EmptyBody, "provider_unavailable", "broken", true),
        case(
            Fault::HtmlError { status: 200 },
            "provider_unavailable",
            "broken",
            true,
        ),
        twice(
            Fault::HtmlError { status: 502 },
            "provider_unavailable",
            "server",
            true,
        ),
        case(
            Fault::Huge { bytes: 1 << 30 },
            "provider_unavailable",
            "broken",
            true,
        ),
        case(Fault::EmptyLength, "provider_unavailable", "broken", true),
        case(status(400), "provider_rejected", "invalid_request", false),
        case(status(401), "provider_unavailable", "unauthorized", false),
        case(
            status(403),
            "provider_unavailable",
            "model_unavailable",
            false,
        ),
        case(
            status(404),
            "provider_unavailable",
            "model_unavailable",
            false,
        ),
        case(status(408), "provider_timeout", "timeout", true),
        case(
            status(413),
            "caller_invalid_request",
            "context_length",
            false,
        ),
        twice(status(500), "provider_unavailable", "server", true),
        twice(status(502), "provider_unavailable", "server", true),
        case(status(504), "provider_timeout", "timeout", true),
        twice(
            Fault::Overloaded,
            "provider_unavailable",
            "overloaded",
            true,
        ),
        case(
            Fault::QuotaExhausted,
            "provider_rate_limited",
            "quota_exhausted",
            false,
        ),
        case(
            Fault::SpendLimit,
            "provider_rate_limited",
            "quota_exhausted",
            false,
        ),
        after("2", 2_000),
        after("0.25", 250),
        after("1e99", 900_000),
    ]
}

fn question(seat: &Seat) -> Value {
    json!({"prompt": "hello", "model": seat.model, "reasoning_effort": seat.calm})
}

#[tokio::test(start_paused = true)]
async fn every_failure_of_each_vendor_gives_the_contracts_answer() {
    for seat in SEATS {
        for case in cases() {
            let rig = seat.rig();
            let name = format!("{} of {}", case.fault, seat.name);
            rig.simulator
                .set_standing(seat.vendor, Some(case.fault.clone()));

            let error = rig.refused(question(&seat)).await;

            let case = case.at(&seat);
            assert_eq!(error["type"], case.kind, "{name}: {error:#}");
            assert_eq!(
                error["attempts"][0]["outcome"], case.outcome,
                "{name}: {error:#}"
            );
            assert_eq!(error["retryable"], case.retryable, "{name}: {error:#}");
            let attempts = error["attempts"].as_array().unwrap().len();
            assert_eq!(attempts, case.attempts, "{name}: {error:#}");
            if let Some(asked) = case.retry_after_ms {
                let told = error["retry_after_ms"].as_u64().unwrap();
                assert!((asked..=asked * 11 / 10).contains(&told), "{name}: {told}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_senseless_wait_is_no_wait() {
    for header in ["0", "-1", "soon"] {
        let rig = Rig::new();
        let fault = Fault::RateLimited {
            retry_after: Some(header.to_owned()),
        };
        rig.simulator.set_standing(Vendor::Anthropic, Some(fault));

        let error = rig.refused(question(&SEATS[1])).await;

        let wait = &error["retry_after_ms"];
        assert!(
            wait.is_null() || wait.as_u64().unwrap() > 0,
            "{header}: {wait}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_inside_a_success_is_one() {
    for seat in SEATS {
        let rig = seat.rig();
        rig.simulator
            .set_standing(seat.vendor, Some(Fault::ErrorInside200));

        let error = rig.refused(question(&seat)).await;

        assert_eq!(error["type"], "provider_unavailable", "{error:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_vendors_add_every_month_is_survived() {
    for seat in SEATS {
        let rig = seat.rig();
        rig.simulator
            .push_many(seat.vendor, [Fault::UnknownFields, Fault::UnknownFinish]);

        let with_fields = rig.complete(question(&seat)).await;
        let with_finish = rig.complete(question(&seat)).await;

        assert_eq!(with_fields["finish_reason"], "stop");
        assert_eq!(with_finish["finish_reason"], "stop");
        let metrics = rig.get("/metrics").await.text;
        let counted = r#"oddity="finish_reason""#;
        assert!(metrics.contains(counted), "{metrics}");
    }
}

#[tokio::test(start_paused = true)]
async fn missing_counts_are_estimated_and_said_to_be() {
    for seat in SEATS {
        let rig = seat.rig();
        rig.simulator.push(seat.vendor, Fault::NoUsage);

        let answer = rig.complete(question(&seat)).await;

        assert_eq!(answer["tokens_used"]["source"], "estimated");
        assert!(answer["tokens_used"]["input"].as_u64().unwrap() > 0);
        assert!(answer["cost"].as_f64().unwrap() > 0.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_waited_for() {
    let rig = Rig::new();
    rig.simulator
        .push(Vendor::OpenAi, Fault::Slow { ms: 40_000 });

    let answer = rig.complete(question(&SEATS[0])).await;

    assert!(answer["latency_ms"].as_f64().unwrap() >= 40_000.0);
}

#[tokio::test(start_paused = true)]
async fn each_wait_ends_at_its_own_bound() {
    let waits = [
        ("FIRST_BYTE_MS", Fault::Hang),
        ("IDLE_MS", Fault::Stall { after_bytes: 20 }),
        ("TOTAL_MS", Fault::Drip { gap_ms: 900 }),
    ];
    for (name, fault) in waits {
        for seat in SEATS {
            let variable = format!("GATEWAY__PROVIDERS__TIMEOUTS__{name}");
            let rig = seat.rig_with(&[(&variable, "7000")]);
            rig.simulator.push(seat.vendor, fault.clone());
            let began = Instant::now();

            let error = rig.refused(question(&seat)).await;

            let waited = began.elapsed();
            assert_eq!(error["type"], "provider_timeout", "{name}: {error:#}");
            assert_eq!(
                error["attempts"][0]["outcome"], "timeout",
                "{name}: {error:#}"
            );
            assert!(
                (7_000..7_100).contains(&waited.as_millis()),
                "{name}: {waited:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_vendor_may_say_when_to_come_back() {
    for fault in [Fault::Overloaded, Fault::Status { status: 500 }] {
        let rig = Rig::over(
            Arc::new(Waiting(fault == Fault::Overloaded)),
            Simulator::new(1),
            &[],
        );

        let error = rig.refused(question(&SEATS[0])).await;

        assert_eq!(error["type"], "provider_unavailable");
        // Up to a tenth more, so that not all come back at once.
        let wait = error["retry_after_ms"].as_u64().unwrap();
        assert!((3_000..=3_300).contains(&wait), "{error:#}");
    }
}

/// A vendor that fails and says when it will be well.
struct Waiting(bool);

#[async_trait]
impl Transport for Waiting {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<TransportBody>, TransportError> {
        let status = if self.0 { 503 } else { 500 };
        let body = Full::new(Bytes::from_static(b"{}")).map_err(|never| match never {});
        let response = Response::builder()
            .status(status)
            .header("retry-after", "3");
        Ok(response.body(body.boxed_unsync()).unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn the_soonest_vendor_says_when_to_come_back() {
    let rig = Rig::new();
    let after = |seconds: &str| Fault::RateLimited {
        retry_after: Some(seconds.to_owned()),
    };
    rig.simulator.set_standing(Vendor::OpenAi, Some(after("5")));
    rig.simulator
        .set_standing(Vendor::Anthropic, Some(after("2")));

    let error = rig.refused(json!({"prompt": "hi"})).await;

    assert_eq!(error["type"], "provider_rate_limited");
    assert_eq!(error["retry_after_ms"], 2_000);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_even_if_no_time_is_left_for_others() {
    let rig = Rig::new();
    for vendor in VENDORS {
        rig.simulator
            .set_standing(vendor, Some(Fault::Status { status: 500 }));
    }

    let error = rig
        .refused(json!({"prompt": "hi", "timeout_ms": 200}))
        .await;

    assert_eq!(error["type"], "provider_unavailable", "{error:#}");
    assert_eq!(error["attempts"].as_array().unwrap().len(), 1);
}
