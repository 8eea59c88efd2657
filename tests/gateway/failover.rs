//! What one vendor does must not reach the caller while another is left.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use vendor_sim::{Fault, Vendor};

use crate::support::{Rig, VENDORS};

/// Prefers OpenAI, so that its faults are met first.
fn ask() -> Value {
    json!({"prompt": "say: ok", "model": "gpt-6-luna", "requirements": {"failover_enabled": true}})
}

fn outcomes(answer: &Value) -> Vec<(String, String)> {
    failed(&answer["routing"])
}

/// Returns provider and outcome of each attempt that an error names.
fn failed(error: &Value) -> Vec<(String, String)> {
    let attempts = error["attempts"].as_array().unwrap();
    let of = |attempt: &Value, key: &str| attempt[key].as_str().unwrap().to_owned();
    attempts
        .iter()
        .map(|attempt| (of(attempt, "provider"), of(attempt, "outcome")))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(provider, outcome): &(&str, &str)| (provider.to_string(), outcome.to_string());
    expected.iter().map(owned).collect()
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_is_down_costs_one_attempt() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Down));

    let answer = rig.complete(ask()).await;

    assert_eq!(answer["text"], "ok");
    assert_eq!(answer["provider"], "anthropic");
    assert_eq!(
        outcomes(&answer),
        pairs(&[("openai", "transport"), ("anthropic", "answered")])
    );
    let first = &answer["routing"]["candidates"][0];
    assert_eq!(first["provider"], "anthropic", "the winner stands first");
    let reason = answer["routing"]["reason"].as_str().unwrap();
    assert!(reason.contains("failed, and anthropic/"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn auto_fails_over_by_default() {
    let rig = Rig::new();
    let first = rig.complete(json!({"prompt": "say: ok"})).await;
    let favourite = if first["provider"] == "openai" {
        Vendor::OpenAi
    } else {
        Vendor::Anthropic
    };
    rig.simulator
        .set_standing(favourite, Some(Fault::Overloaded));

    let answer = rig.complete(json!({"prompt": "say: ok"})).await;

    assert_ne!(answer["provider"], first["provider"]);
    assert_eq!(outcomes(&answer).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_vendor_costs_exactly_one_timeout() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let began = Instant::now();

    let answer = rig.complete(ask()).await;

    // Three times what it usually takes, at least 10 s, while another target
    // is left.
    assert_eq!(answer["provider"], "anthropic");
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(
        outcomes(&answer),
        pairs(&[("openai", "timeout"), ("anthropic", "answered")])
    );
}

#[tokio::test(start_paused = true)]
async fn a_named_model_fails_with_its_vendor_unless_told_otherwise() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Down));

    let error = rig
        .refused(json!({"prompt": "hi", "model": "gpt-6-luna"}))
        .await;

    assert_eq!(error["type"], "provider_unavailable");
    assert_eq!(error["retryable"], true);
    let transport = ("openai".to_owned(), "transport".to_owned());
    assert_eq!(failed(&error), [transport.clone(), transport]);
    assert_eq!(rig.asked(Vendor::Anthropic), 0);
}

#[tokio::test(start_paused = true)]
async fn auto_without_failover_asks_one_target() {
    let rig = Rig::new();
    for vendor in VENDORS {
        rig.simulator.set_standing(vendor, Some(Fault::Overloaded));
    }

    let error = rig
        .refused(json!({"prompt": "hi", "requirements": {"failover_enabled": false}}))
        .await;

    // It is given a second chance, and nobody else the first.
    let attempts = error["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    for name in ["provider", "model"] {
        assert_eq!(attempts[0][name], attempts[1][name]);
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_are_down_the_error_names_every_attempt() {
    let rig = Rig::new();
    for vendor in VENDORS {
        rig.simulator.set_standing(vendor, Some(Fault::Down));
    }

    let error = rig.refused(json!({"prompt": "hi"})).await;

    assert_eq!(error["type"], "provider_unavailable");
    // The last one left is asked once more.
    assert_eq!(error["attempts"].as_array().unwrap().len(), 3);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("openai/") && message.contains("anthropic/"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn no_call_outlives_its_deadline() {
    for timeout_ms in [1_u64, 150, 2_000, 50_000] {
        let rig = Rig::new();
        for vendor in VENDORS {
            rig.simulator.set_standing(vendor, Some(Fault::Hang));
        }
        let began = Instant::now();

        let error = rig
            .refused(json!({"prompt": "hi", "timeout_ms": timeout_ms}))
            .await;

        assert_eq!(error["type"], "gateway_timeout", "{timeout_ms}");
        assert_eq!(error["retryable"], true);
        assert!(
            began.elapsed() <= Duration::from_millis(timeout_ms),
            "{timeout_ms}"
        );
        assert!(
            !error["attempts"].as_array().unwrap().is_empty(),
            "{timeout_ms}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_is_known_to_be_down_is_asked_last() {
    let rig = Rig::new();
    let best = json!({"prompt": "say: ok", "requirements": {"weights": {"quality": 1}}});
    let favourite = rig.complete(best.clone()).await["provider"].clone();
    let (vendor, model) = match favourite.as_str().unwrap() {
        "openai" => (Vendor::OpenAi, "gpt-6-luna"),
        _ => (Vendor::Anthropic, "claude-haiku-5-5"),
    };
    rig.simulator.set_standing(vendor, Some(Fault::Hang));
    for _ in 0..5 {
        rig.refused(json!({"prompt": "hi", "model": model})).await;
    }
    let began = Instant::now();

    let answer = rig.complete(best).await;

    assert_ne!(answer["provider"], favourite);
    assert_eq!(outcomes(&answer).len(), 1);
    assert!(began.elapsed() < Duration::from_secs(1));
    let reason = answer["routing"]["reason"].as_str().unwrap();
    assert!(reason.contains("but its provider is down"), "{reason}");
    let status = rig.tool("get_provider_status", json!({})).await;
    let providers = &status["structuredContent"]["providers"];
    let mut rows = providers.as_array().unwrap().iter();
    let row = rows.find(|row| row["name"] == favourite).unwrap();
    assert_eq!(row["status"], "unavailable");
    assert_eq!(row["available"], false);
    assert_eq!(row["circuit"], "open");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_cancels_the_vendors_work_and_is_recorded() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let body = json!({"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hi"}]});

    let left = tokio::time::timeout(Duration::from_secs(5), rig.chat(body.to_string())).await;

    assert!(left.is_err());
    let entries = rig.ledger();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].outcome, ai_gateway::domain::Outcome::Abandoned);
    assert!(entries[0].possible_cost.nanos() > 0);
    let metrics = rig.get("/metrics").await.text;
    assert!(metrics.contains("gateway_calls_in_flight 0"), "{metrics}");
    assert!(
        metrics.contains(r#"gateway_calls_total{outcome="abandoned"} 1"#),
        "{metrics}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_in_flight_when_time_is_up_ends_as_the_contract_says() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let stopping = rig.app.shutdown.stopping.clone();
    let question = json!({"prompt": "hi", "model": "gpt-6-luna"});

    let (error, ()) = tokio::join!(rig.refused(question), async {
        tokio::time::advance(Duration::from_secs(3)).await;
        stopping.cancel();
    });

    assert_eq!(error["type"], "gateway_timeout");
    assert_eq!(error["retry_after_ms"], 1_000);
    assert_eq!(error["attempts"][0]["outcome"], "cancelled");
    assert_eq!(rig.ledger().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_in_a_hurry_proves_nothing_against_a_vendor() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Slow { ms: 300 }));
    for _ in 0..5 {
        let asked = json!({"prompt": "hi", "model": "gpt-6-luna", "timeout_ms": 100});
        assert_eq!(rig.refused(asked).await["type"], "gateway_timeout");
    }

    let status = rig.tool("get_provider_status", json!({})).await;

    let openai = &status["structuredContent"]["providers"][0];
    assert_eq!(
        (&openai["name"], &openai["status"]),
        (&json!("openai"), &json!("healthy"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_gone_leaves_its_vendor_well() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Status { status: 404 }));
    for _ in 0..5 {
        rig.refused(json!({"prompt": "hi", "model": "gpt-6-luna"}))
            .await;
    }

    let status = rig.tool("get_provider_status", json!({})).await;

    assert_eq!(
        status["structuredContent"]["providers"][0]["status"],
        "healthy"
    );
}
