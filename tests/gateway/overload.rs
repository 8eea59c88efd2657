//! Bounds: calls in flight, attempts of a call, and probes between calls.

use std::time::Duration;

use ai_gateway::domain::{ErrorKind, Outcome};
use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::support::{Rig, VENDORS};

#[tokio::test(start_paused = true)]
async fn a_call_beyond_the_limit_is_told_to_come_back() {
    let rig = Rig::with(&[("GATEWAY__GATEWAY__MAX_IN_FLIGHT", "1")]);
    rig.simulator
        .push(Vendor::OpenAi, Fault::Slow { ms: 1_000 });
    let asked = json!({"prompt": "say: ok", "model": "gpt-6-luna"});

    let (first, second) = tokio::join!(rig.complete(asked.clone()), async {
        tokio::time::advance(Duration::from_millis(10)).await;
        rig.refused(asked.clone()).await
    });
    let third = rig.complete(asked.clone()).await;

    assert_eq!(
        (&first["text"], &third["text"]),
        (&json!("ok"), &json!("ok"))
    );
    assert_eq!(second["type"], "gateway_overloaded");
    assert_eq!(
        (&second["retryable"], &second["retry_after_ms"]),
        (&json!(true), &json!(250))
    );
}

#[tokio::test(start_paused = true)]
async fn no_call_makes_more_attempts_than_are_allowed() {
    for (allowed, expected) in [("1", 1), ("3", 3), ("4", 4)] {
        let rig = Rig::with(&[("GATEWAY__GATEWAY__MAX_ATTEMPTS", allowed)]);
        for vendor in VENDORS {
            rig.simulator
                .set_standing(vendor, Some(Fault::Status { status: 500 }));
        }

        let error = rig.refused(json!({"prompt": "hi"})).await;

        assert_eq!(error["attempts"].as_array().unwrap().len(), expected);
        let asked: usize = VENDORS.into_iter().map(|vendor| rig.asked(vendor)).sum();
        assert_eq!(asked, expected);
        assert_eq!(rig.ledger().len(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_attempts_cost_is_in_the_answers_cost() {
    let rig = Rig::new();
    rig.simulator.push(Vendor::OpenAi, Fault::EmptyLength);
    let asked = json!({
        "prompt": "say: ok", "model": "gpt-6-sol", "reasoning_effort": "low",
        "requirements": {"failover_enabled": true},
    });

    let answer = rig.complete(asked).await;

    let entries = rig.ledger();
    let nanos: Vec<i64> = entries
        .iter()
        .map(|entry| entry.cost.amount().unwrap().nanos())
        .collect();
    assert_eq!(nanos.len(), 2);
    assert!(nanos.iter().all(|nanos| *nanos > 0), "{nanos:?}");
    let told = (answer["cost"].as_f64().unwrap() * 1e9).round() as i64;
    assert_eq!(told, nanos.iter().sum::<i64>());
}

#[tokio::test(start_paused = true)]
async fn what_a_vendor_may_bill_without_saying_so_is_booked_as_possible() {
    for (fault, may_be_billed) in [
        (Fault::Hang, true),
        (Fault::Reset, true),
        (Fault::ResetBody { after_bytes: 20 }, true),
        (Fault::Down, false),
        (Fault::Status { status: 500 }, false),
        (Fault::RateLimited { retry_after: None }, false),
    ] {
        let rig = Rig::new();
        let name = fault.name();
        rig.simulator.set_standing(Vendor::OpenAi, Some(fault));

        rig.refused(json!({"prompt": "hi", "model": "gpt-6-luna"}))
            .await;

        let entries = rig.ledger();
        // What may be billed is not asked for twice.
        assert_eq!(entries.len(), if may_be_billed { 1 } else { 2 }, "{name}");
        for entry in entries {
            assert_eq!(entry.cost.amount().unwrap().nanos(), 0, "{name}");
            assert_eq!(entry.possible_cost.nanos() > 0, may_be_billed, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_could_answer_is_in_the_ledger_too() {
    let rig = Rig::new();

    rig.refused(json!({"prompt": ""})).await;
    rig.refused(json!({"prompt": "hi", "model": "nobody"}))
        .await;
    rig.refused(json!({"prompt": "hi", "requirements": {"max_latency_ms": 1}}))
        .await;

    let entries = rig.ledger();
    assert_eq!(entries.len(), 3);
    for entry in entries {
        assert_eq!(entry.target, None);
        let refused = Outcome::Failed(ErrorKind::CallerInvalidRequest);
        assert_eq!((entry.outcome, entry.caller.as_str()), (refused, "local"));
    }
}

fn status(result: &Value, name: &str) -> Value {
    let rows = result["structuredContent"]["providers"].as_array().unwrap();
    let mut rows = rows.iter();
    rows.find(|row| row["name"] == name).unwrap()["status"].clone()
}

#[tokio::test(start_paused = true)]
async fn probes_notice_a_vendor_that_goes_and_one_that_comes_back() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::Anthropic, Some(Fault::Down));
    let probes = rig.app.gateway.keep_probing();
    let story = async {
        tokio::time::advance(Duration::from_secs(1)).await;
        let down = rig.tool("get_provider_status", json!({})).await;
        rig.simulator.heal(Vendor::Anthropic);
        tokio::time::advance(Duration::from_secs(70)).await;
        let up = rig.tool("get_provider_status", json!({})).await;
        (down, up)
    };

    let (down, up) = tokio::select! {
        () = probes => panic!("probing ended"),
        story = story => story,
    };

    assert_eq!(status(&down, "anthropic"), "unavailable");
    assert_eq!(status(&down, "openai"), "healthy");
    assert_eq!(status(&up, "anthropic"), "healthy");
    assert!(
        !up.to_string().contains("\"success_rate\":0"),
        "a probe is no call"
    );
    assert_eq!(
        VENDORS.map(|vendor| rig.asked(vendor)),
        [0, 0],
        "a probe must cost nothing"
    );
    let metrics = rig.get("/metrics").await.text;
    assert!(
        metrics.contains(r#"gateway_provider_up{provider="anthropic"} 1"#),
        "{metrics}"
    );
}

#[tokio::test(start_paused = true)]
async fn probes_can_be_switched_off() {
    let rig = Rig::with(&[("GATEWAY__GATEWAY__PROBE_INTERVAL_MS", "0")]);

    rig.app.gateway.keep_probing().await;

    assert!(
        VENDORS
            .into_iter()
            .all(|vendor| rig.simulator.requests(vendor).is_empty())
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_list_of_models_is_alive_all_the_same() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::Anthropic, Some(Fault::Status { status: 404 }));
    let story = async {
        tokio::time::advance(Duration::from_secs(1)).await;
        rig.tool("get_provider_status", json!({})).await
    };

    let seen = tokio::select! {
        () = rig.app.gateway.keep_probing() => panic!("probing ended"),
        seen = story => seen,
    };

    assert!(!rig.simulator.requests(Vendor::Anthropic).is_empty());
    assert_eq!(status(&seen, "anthropic"), "healthy");
}
