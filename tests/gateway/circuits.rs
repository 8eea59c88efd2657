//! When a target is left alone, and when it is asked again.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, advance};
use vendor_sim::{Fault, Vendor};

use crate::support::{Rig, VENDORS};

const LUNA: &str = "openai/gpt-6-luna";
const BROKEN: Fault = Fault::Status { status: 500 };

/// Asks OpenAI alone.
fn alone() -> Value {
    json!({"prompt": "say: ok", "model": LUNA, "reasoning_effort": "none"})
}

/// Asks OpenAI first.
fn first() -> Value {
    json!({"prompt": "say: ok", "model": LUNA, "reasoning_effort": "none",
        "requirements": {"failover_enabled": true}})
}

/// Has OpenAI fail until its circuit opens.
async fn open(rig: &Rig) {
    rig.simulator.set_standing(Vendor::OpenAi, Some(BROKEN));
    for _ in 0..3 {
        rig.refused(alone()).await;
    }
    assert_eq!(circuit(rig, "openai").await, "open");
}

async fn circuit(rig: &Rig, provider: &str) -> Value {
    let status = rig.tool("get_provider_status", json!({})).await;
    let rows = &status["structuredContent"]["providers"];
    let mut rows = rows.as_array().unwrap().iter();
    rows.find(|row| row["name"] == provider).unwrap()["circuit"].clone()
}

/// Returns the wait that an error names.
fn wait(error: &Value) -> Duration {
    let named = error["retry_after_ms"].as_u64();
    Duration::from_millis(named.unwrap_or_else(|| panic!("{error:#}")))
}

/// Returns how often the model was asked that [`alone`] and [`first`] name.
fn asked(rig: &Rig) -> usize {
    let requests = rig.simulator.requests(Vendor::OpenAi);
    let bodies = requests.iter().filter_map(|request| request.body.as_ref());
    bodies.filter(|body| body["model"] == "gpt-6-luna").count()
}

const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn five_failures_open_a_circuit_and_one_success_closes_it() {
    let rig = Rig::new();

    open(&rig).await;
    let until_open = asked(&rig);
    let elsewhere = rig.complete(first()).await;
    let opened = rig.get("/metrics").await.text;
    let meanwhile = rig.asked(Vendor::OpenAi) - until_open;
    rig.simulator.heal(Vendor::OpenAi);
    advance(Duration::from_secs(6)).await;
    let due = circuit(&rig, "openai").await;
    let trial = rig.complete(first()).await;

    assert_eq!((until_open, meanwhile), (5, 0));
    assert_eq!(elsewhere["provider"], "anthropic");
    let attempts = elsewhere["routing"]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1);
    let of_target = r#"gateway_circuit_state{model="gpt-6-luna",provider="openai"}"#;
    let of_vendor = r#"gateway_circuit_state{model="",provider="openai"}"#;
    for gauge in [of_target, of_vendor] {
        assert!(opened.contains(&format!("{gauge} 2")), "{opened}");
    }
    assert_eq!(
        (due, &trial["provider"]),
        (json!("half_open"), &json!("openai"))
    );
    assert_eq!(circuit(&rig, "openai").await, "closed");
    let closed = rig.get("/metrics").await.text;
    for gauge in [of_target, of_vendor] {
        assert!(closed.contains(&format!("{gauge} 0")), "{closed}");
    }
    let changes = r#"gateway_circuit_changes_total{provider="openai",to="closed"} 2"#;
    assert!(closed.contains(changes), "{closed}");
}

#[tokio::test(start_paused = true)]
async fn one_call_at_a_time_sees_whether_a_target_is_well() {
    let rig = Rig::new();
    open(&rig).await;
    rig.simulator.heal(Vendor::OpenAi);
    rig.simulator.push(Vendor::OpenAi, Fault::Slow { ms: 500 });
    advance(Duration::from_secs(6)).await;
    let before = rig.asked(Vendor::OpenAi);

    let calls = (0..10).map(|_| rig.complete(first()));
    let calls = futures_util::future::join_all(calls);
    let (answers, meanwhile) = tokio::join!(calls, async {
        tokio::time::sleep(MILLISECOND * 100).await;
        rig.get("/metrics").await.text
    });

    let of = |name: &str| answers.iter().filter(|it| it["provider"] == name).count();
    assert_eq!((of("openai"), of("anthropic")), (1, 9));
    for model in ["", "gpt-6-luna"] {
        let gauge = format!(r#"gateway_circuit_state{{model="{model}",provider="openai"}} 1"#);
        assert!(meanwhile.contains(&gauge), "{meanwhile}");
    }
    assert_eq!(rig.asked(Vendor::OpenAi) - before, 1);
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_fails_costs_no_caller_the_answer_and_waits_longer() {
    let rig = Rig::new();
    open(&rig).await;
    advance(Duration::from_secs(6)).await;

    let answer = rig.complete(first()).await;
    let trials = asked(&rig) - 5;
    rig.simulator.heal(Vendor::OpenAi);
    advance(Duration::from_secs(8)).await;
    rig.complete(first()).await;
    let too_soon = asked(&rig) - 5 - trials;
    // Ten seconds, a tenth more or less.
    advance(Duration::from_secs(3)).await;
    let well = rig.complete(first()).await;

    assert_eq!((trials, too_soon), (1, 0));
    assert_eq!(answer["routing"]["attempts"][0]["outcome"], "server");
    assert_eq!(answer["provider"], "anthropic");
    assert_eq!(well["model"], "gpt-6-luna");
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_hangs_costs_its_caller_no_more_than_usual() {
    let rig = Rig::new();
    open(&rig).await;
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    advance(Duration::from_secs(6)).await;
    let began = Instant::now();

    let answer = rig.complete(first()).await;

    assert_eq!(answer["provider"], "anthropic");
    // Three times what an answer takes.
    assert!(
        began.elapsed() <= Duration::from_secs(11),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn with_every_circuit_open_one_call_tries_and_the_others_get_the_exact_wait() {
    let rig = Rig::new();
    open(&rig).await;
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let before = asked(&rig);
    let mut patient = alone();
    patient["timeout_ms"] = json!(3_000);

    let (tried, refused) = tokio::join!(rig.refused(patient), async {
        advance(Duration::from_millis(10)).await;
        let one = rig.refused(alone()).await;
        let until = Instant::now() + wait(&one);
        (one, rig.refused(alone()).await, until)
    });
    let (one, other, until) = refused;

    assert_eq!(asked(&rig) - before, 1, "by the first");
    assert_eq!(tried["type"], "gateway_timeout", "{tried:#}");
    for error in [&one, &other] {
        assert_eq!(error["type"], "provider_unavailable", "{error:#}");
        assert_eq!(error["retryable"], true);
        assert_eq!(error["attempts"], json!([]));
    }
    assert_eq!(one["retry_after_ms"], other["retry_after_ms"]);
    rig.simulator.heal(Vendor::OpenAi);
    advance(until - Instant::now() - MILLISECOND).await;
    assert_eq!(circuit(&rig, "openai").await, "open");
    advance(MILLISECOND).await;
    assert_eq!(circuit(&rig, "openai").await, "half_open");
    assert_eq!(rig.complete(alone()).await["text"], "ok");
}

#[tokio::test(start_paused = true)]
async fn with_every_vendor_down_errors_come_at_once_and_an_answer_soon_after() {
    let rig = Rig::new();
    for vendor in VENDORS {
        rig.simulator.set_standing(vendor, Some(BROKEN));
    }
    for _ in 0..20 {
        rig.refused(json!({"prompt": "say: ok"})).await;
    }
    let asked = || {
        VENDORS
            .map(|vendor| rig.asked(vendor))
            .iter()
            .sum::<usize>()
    };
    let (before, began) = (asked(), Instant::now());

    let error = rig.refused(json!({"prompt": "say: ok"})).await;

    assert_eq!(error["type"], "provider_unavailable");
    assert!(asked() - before <= 1, "one may try although all are shut");
    assert!(began.elapsed() < MILLISECOND * 50, "{:?}", began.elapsed());
    for vendor in VENDORS {
        rig.simulator.heal(vendor);
    }
    advance(wait(&error)).await;
    assert_eq!(
        rig.complete(json!({"prompt": "say: ok"})).await["text"],
        "ok"
    );
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_a_pause_has_it() {
    let rig = Rig::new();
    let fault = |seconds: &str| Fault::RateLimited {
        retry_after: Some(seconds.to_owned()),
    };
    rig.simulator.push(Vendor::OpenAi, fault("5"));

    let told = rig.refused(alone()).await;
    let again = rig.refused(alone()).await;
    let elsewhere = rig.complete(first()).await;
    advance(wait(&told) - MILLISECOND).await;
    let early = rig.refused(alone()).await;
    let times = asked(&rig);
    advance(MILLISECOND).await;
    let answer = rig.complete(alone()).await;

    assert!((5_000..=5_500).contains(&wait(&told).as_millis()));
    for error in [&told, &again, &early] {
        assert_eq!(error["type"], "provider_rate_limited", "{error:#}");
        assert_eq!(error["retryable"], true);
    }
    assert_eq!(again["retry_after_ms"], told["retry_after_ms"]);
    assert_eq!(again["attempts"], json!([]));
    assert_eq!(early["retry_after_ms"], 1);
    assert_ne!(elsewhere["model"], "gpt-6-luna");
    assert_eq!(times, 1);
    assert_eq!(answer["text"], "ok");
    assert_eq!(circuit(&rig, "openai").await, "closed");
}

#[tokio::test(start_paused = true)]
async fn a_short_pause_is_waited_out_where_nobody_else_is_left() {
    let rig = Rig::new();
    let fault = Fault::RateLimited {
        retry_after: Some("1".to_owned()),
    };
    rig.simulator
        .push_many(Vendor::OpenAi, [fault.clone(), fault]);
    let began = Instant::now();

    let elsewhere = rig.complete(first()).await;
    let at_once = began.elapsed();
    advance(Duration::from_secs(2)).await;
    let began = Instant::now();
    let answer = rig.complete(alone()).await;
    let waited = began.elapsed().as_millis();

    assert_ne!(elsewhere["model"], "gpt-6-luna");
    assert!(at_once < MILLISECOND * 100, "{at_once:?}");
    assert_eq!(answer["routing"]["attempts"].as_array().unwrap().len(), 2);
    assert!((1_000..1_200).contains(&waited), "{waited}");
}
