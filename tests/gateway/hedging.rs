//! A second vendor is asked beside a first that takes longer than usual.

use std::time::Duration;

use ai_gateway::domain::Outcome;
use serde_json::{Value, json};
use tokio::time::Instant;
use vendor_sim::{Fault, Vendor};

use crate::support::Rig;

const ON: (&str, &str) = ("GATEWAY__GATEWAY__HEDGING", "true");

fn quick() -> Value {
    json!({"prompt": "say: ok", "requirements": {"low_latency": true}})
}

fn streamed() -> String {
    json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "say: ok"}],
        "gateway": {"requirements": {"low_latency": true}}})
    .to_string()
}

/// Which vendor answers, and which other there is.
fn of(name: &Value) -> (Vendor, Vendor) {
    if name == "openai" {
        (Vendor::OpenAi, Vendor::Anthropic)
    } else {
        (Vendor::Anthropic, Vendor::OpenAi)
    }
}

/// Makes calls until the usual time of the favourite is known, and returns it
/// and the other vendor.
async fn warm(rig: &Rig) -> (Vendor, Vendor) {
    let mut favourite = Value::Null;
    for _ in 0..20 {
        favourite = rig.complete(quick()).await["provider"].clone();
    }
    of(&favourite)
}

#[tokio::test(start_paused = true)]
async fn the_quicker_one_answers_and_the_other_is_left_and_recorded() {
    let rig = Rig::with(&[ON]);
    let (slow, other) = warm(&rig).await;
    let alone = rig.complete(quick()).await;
    assert_eq!(alone["routing"]["attempts"].as_array().unwrap().len(), 1);
    rig.simulator
        .set_standing(slow, Some(Fault::Slow { ms: 8_000 }));
    let (began, before) = (Instant::now(), rig.asked(other));

    let answer = rig.complete(quick()).await;

    assert_eq!(of(&answer["provider"]).0, other);
    assert_eq!(answer["text"], "ok");
    assert!((0.5..0.6).contains(&began.elapsed().as_secs_f64()));
    assert_eq!(rig.asked(other), before + 1);
    let attempts = answer["routing"]["attempts"].as_array().unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|attempt| &attempt["outcome"]).collect();
    assert_eq!(outcomes, ["cancelled", "answered"]);
    let ledger = rig.ledger();
    let [.., lost, won] = ledger.as_slice() else {
        panic!("no two lines");
    };
    let (lost, won) = if lost.outcome == Outcome::Abandoned {
        (lost, won)
    } else {
        (won, lost)
    };
    assert_eq!(lost.outcome, Outcome::Abandoned);
    assert!(lost.possible_cost.usd() > 0.0, "it may be billed");
    assert_eq!(won.outcome, Outcome::Answered);
    assert_eq!(lost.id.request, won.id.request);
}

#[tokio::test(start_paused = true)]
async fn of_a_stream_whoever_shows_something_first_goes_on_alone() {
    let rig = Rig::with(&[ON]);
    for _ in 0..20 {
        rig.chat(streamed()).await;
    }
    let answer = rig.chat(streamed()).await;
    let (slow, other) = of(&answer.header("x-gateway-provider").into());
    rig.simulator
        .set_standing(slow, Some(Fault::Slow { ms: 8_000 }));
    rig.simulator
        .set_standing(other, Some(Fault::Slow { ms: 300 }));
    let began = Instant::now();

    let answer = rig.chat(streamed()).await;

    assert_eq!(of(&answer.header("x-gateway-provider").into()).0, other);
    assert!(answer.text.contains("data: [DONE]"), "{}", answer.text);
    assert_eq!(answer.text.matches("\"ok\"").count(), 1, "{}", answer.text);
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_second_that_fails_costs_the_first_nothing() {
    let rig = Rig::with(&[ON]);
    let (slow, other) = warm(&rig).await;
    rig.simulator
        .set_standing(slow, Some(Fault::Slow { ms: 3_000 }));
    rig.simulator.set_standing(other, Some(Fault::Overloaded));

    let answer = rig.complete(quick()).await;

    assert_eq!(of(&answer["provider"]).0, slow);
    let attempts = answer["routing"]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0]["outcome"], "overloaded");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_twice_unless_it_is_switched_on_wanted_and_affordable() {
    let off = Rig::new();
    let (slow, other) = warm(&off).await;
    off.simulator
        .set_standing(slow, Some(Fault::Slow { ms: 3_000 }));
    let before = off.asked(other);
    off.complete(quick()).await;
    assert_eq!(off.asked(other), before, "it is off");

    let on = Rig::with(&[ON]);
    let (slow, other) = warm(&on).await;
    on.simulator
        .set_standing(slow, Some(Fault::Slow { ms: 3_000 }));
    let before = on.asked(other);
    let calls = (0..6).map(|_| on.complete(quick()));
    futures_util::future::join_all(calls).await;
    assert_eq!(on.asked(other), before + 2, "5 % of 26 calls, and one");
    let unhurried = json!({"prompt": "say: ok", "requirements": {"weights": {"latency": 1}}});
    let is_others = on.complete(unhurried).await["provider"] == provider(other);
    assert_eq!(on.asked(other), before + 2 + usize::from(is_others));
}

fn provider(vendor: Vendor) -> &'static str {
    if vendor == Vendor::OpenAi {
        "openai"
    } else {
        "anthropic"
    }
}
