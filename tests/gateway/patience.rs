//! How long a target is waited for while another is left.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, advance};
use vendor_sim::{Fault, Vendor};

use crate::support::Rig;

const LUNA: &str = "openai/gpt-6-luna";

/// Asks this model first, in pieces, and returns who answers.
async fn streamed(rig: &Rig, model: &str, effort: &str, timeout_ms: u64) -> String {
    let body = json!({"model": model, "stream": true, "reasoning_effort": effort,
        "max_completion_tokens": 4_000, "messages": [{"role": "user", "content": "say: ok"}],
        "gateway": {"timeout_ms": timeout_ms, "requirements": {"failover_enabled": true}}});
    let answer = rig.chat(body.to_string()).await;
    assert!(answer.text.contains("[DONE]"), "{}", answer.text);
    let ledger = rig.ledger();
    let target = ledger.last().unwrap().target.clone().unwrap();
    target.provider.to_string()
}

fn hurried(timeout_ms: u64) -> Value {
    json!({"prompt": "say: ok", "model": LUNA, "reasoning_effort": "none",
        "max_tokens": 4_000, "timeout_ms": timeout_ms, "requirements": {"failover_enabled": true}})
}

async fn circuit(rig: &Rig) -> Value {
    let status = rig.tool("get_provider_status", json!({})).await;
    status["structuredContent"]["providers"][0]["circuit"].clone()
}

/// Has OpenAI fail until its circuits open, and then answer so late.
async fn healed(late_ms: u64) -> Rig {
    let rig = Rig::new();
    let broken = Fault::Status { status: 500 };
    rig.simulator.set_standing(Vendor::OpenAi, Some(broken));
    while circuit(&rig).await != "open" {
        rig.complete(hurried(50_000)).await;
    }
    let slow = Fault::Slow { ms: late_ms };
    rig.simulator.set_standing(Vendor::OpenAi, Some(slow));
    advance(Duration::from_secs(6)).await;
    rig
}

#[tokio::test(start_paused = true)]
async fn of_a_stream_only_the_beginning_is_waited_for() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let began = Instant::now();

    let answer = streamed(&rig, LUNA, "none", 50_000).await;

    assert_eq!(answer, "anthropic");
    // Its first piece takes a second, its usual answer four.
    assert_eq!(began.elapsed().as_secs_f64().round() as u64, 10);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_thinks_has_the_time_that_it_takes() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Slow { ms: 30_000 }));

    let answer = streamed(&rig, "openai/gpt-6-astra", "high", 100_000).await;

    assert_eq!(answer, "openai");
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_is_well_but_takes_its_time_is_let_in_again() {
    let rig = healed(12_000).await;

    let answer = rig.complete(hurried(50_000)).await;

    assert_eq!(answer["provider"], "openai", "{answer:#}");
    assert_eq!(circuit(&rig).await, "closed");
}

#[tokio::test(start_paused = true)]
async fn who_comes_during_a_trial_is_told_how_long_that_may_take() {
    let rig = healed(50_000).await;
    let alone = |timeout_ms: u64| {
        let mut asked = hurried(timeout_ms);
        asked["requirements"] = json!({});
        asked
    };
    let after = async |ms: u64, asked: Value| {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        rig.refused(asked).await
    };

    // The second asks although the circuit is open, the third may not.
    let (_, _, told) = tokio::join!(
        rig.complete(hurried(10_000)),
        after(10, alone(3_000)),
        after(20, alone(3_000)),
    );

    // Three fifths of 9.8 s, and a second.
    assert_eq!(told["retry_after_ms"], 6_860, "{told:#}");
}

#[tokio::test(start_paused = true)]
async fn a_hurried_caller_has_a_second_chance_and_many_open_the_circuit() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let mut asked = Vec::new();

    for _ in 0..12 {
        let answer = rig.complete(hurried(2_000)).await;
        assert_eq!(answer["provider"], "anthropic");
        asked.push(rig.asked(Vendor::OpenAi));
    }

    assert_eq!(asked[9..], [10, 10, 10]);
}
