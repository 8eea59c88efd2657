//! Calls with an idempotency key: made once, answered to whoever asks again.

use std::time::Duration;

use ai_gateway::domain::Outcome;
use axum::body::Body;
use http::{HeaderValue, Request};
use serde_json::{Value, json};
use tokio::time::{Instant, advance};
use vendor_sim::{Fault, Vendor};

use crate::identity::visitor::{ALICES_KEY, BOSS_KEY, House};
use crate::support::{Answer, Rig};

const TEXT: &str = "one two three four five six seven eight nine ten, and an é";

fn ask(key: &str, timeout_ms: u64) -> Value {
    json!({"prompt": format!("say: {TEXT}"), "model": "gpt-6-luna", "reasoning_effort": "none",
        "max_tokens": 2_000, "idempotency_key": key, "timeout_ms": timeout_ms})
}

fn cost(answer: &Value) -> f64 {
    answer["cost"].as_f64().unwrap()
}

/// Posts to chat completions, with the key as a header.
async fn chat(rig: &Rig, key: &str, is_streamed: bool) -> Answer {
    let body = json!({"model": "gpt-6-luna", "reasoning_effort": "none", "max_tokens": 2_000,
        "stream": is_streamed, "messages": [{"role": "user", "content": format!("say: {TEXT}")}]});
    let key = HeaderValue::from_bytes(key.as_bytes()).unwrap();
    let request = Request::post("/v1/chat/completions")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()));
    rig.send(request.unwrap()).await
}

/// Returns the pieces of a stream that ended well.
fn pieces(answer: &Answer) -> Vec<String> {
    assert!(answer.text.ends_with("data: [DONE]\n\n"), "{}", answer.text);
    let events = answer
        .text
        .split("\n\n")
        .filter(|event| !event.ends_with("[DONE]"));
    let events = events.filter_map(|event| event.strip_prefix("data: "));
    let deltas = events.filter_map(|event| {
        let event: Value = serde_json::from_str(event).unwrap();
        let text = event["choices"][0]["delta"]["content"].as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    });
    deltas.collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_outlives_its_caller_and_a_repeat_collects_the_answer() {
    let rig = Rig::new();
    rig.simulator
        .push(Vendor::OpenAi, Fault::Slow { ms: 20_000 });
    let began = Instant::now();

    let late = rig.refused(ask("k-1", 1_000)).await;
    let told = began.elapsed();
    let early = rig.refused(ask("k-1", 4_000)).await;
    let collected = rig.complete(ask("k-1", 50_000)).await;
    let took = began.elapsed().as_secs();
    let again = rig.complete(ask("k-1", 50_000)).await;

    assert!(told <= Duration::from_secs(1), "{told:?}");
    for error in [&late, &early] {
        assert_eq!(error["type"], "gateway_timeout", "{error:#}");
        assert_eq!(
            (&error["retryable"], &error["retry_after_ms"]),
            (&json!(true), &json!(1_000))
        );
    }
    assert_eq!(took, 20, "the call was not made anew");
    for answer in [&collected, &again] {
        assert_eq!(answer["text"], TEXT);
    }
    assert_eq!(rig.asked(Vendor::OpenAi), 1);
    assert!(cost(&collected) > 0.0);
    assert_eq!(cost(&again), 0.0);
    let lines = rig.whole_ledger();
    let (attempts, calls): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.target.is_some());
    assert_eq!((attempts.len(), calls.len()), (1, 4), "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| line.ends_call()).count(), 4);
    let booked: i64 = lines
        .iter()
        .map(|line| line.cost.amount().unwrap().nanos())
        .sum();
    assert_eq!((cost(&collected) * 1e9).round() as i64, booked);
    let answered = calls
        .iter()
        .filter(|line| line.outcome == Outcome::Answered);
    assert_eq!(answered.count(), 2);
    let report = rig.tool("get_usage_metrics", json!({})).await;
    let report = &report["structuredContent"];
    assert_eq!(
        (&report["total_requests"], &report["failed_requests"]),
        (&json!(4), &json!(2))
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_takes_no_other_target_away() {
    let rig = Rig::new();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let mut asked = ask("k-1", 5_000);
    asked["requirements"] = json!({"failover_enabled": true});

    let answer = rig.complete(asked).await;

    assert_eq!(answer["provider"], "anthropic");
    assert_eq!(answer["text"], TEXT);
}

#[tokio::test(start_paused = true)]
async fn a_call_outlives_a_caller_who_leaves() {
    let rig = Rig::new();
    rig.simulator
        .push(Vendor::OpenAi, Fault::Slow { ms: 20_000 });

    let left = tokio::time::timeout(Duration::from_secs(5), chat(&rig, "k-1", false)).await;
    let collected = chat(&rig, "k-1", false).await;

    assert!(left.is_err());
    assert_eq!(collected.json()["choices"][0]["message"]["content"], TEXT);
    assert_eq!(rig.asked(Vendor::OpenAi), 1);
    let lines = rig.whole_ledger();
    let abandoned = lines
        .iter()
        .filter(|line| line.outcome == Outcome::Abandoned);
    assert_eq!(abandoned.count(), 1, "the first request's line: {lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn it_does_not_go_on_for_ever() {
    let rig = Rig::with(&[("GATEWAY__GATEWAY__IDEMPOTENCY_RUN_ON_MS", "5000")]);
    rig.simulator.push(Vendor::OpenAi, Fault::Hang);

    rig.refused(ask("k-1", 1_000)).await;
    advance(Duration::from_millis(4_500)).await;
    let attempts = || {
        let lines = rig.whole_ledger();
        lines.iter().filter(|line| line.target.is_some()).count()
    };
    let before = attempts();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = attempts();
    let anew = rig.complete(ask("k-1", 1_000)).await;

    assert_eq!((before, after), (0, 1));
    assert_eq!(anew["text"], TEXT);
    assert_eq!(rig.asked(Vendor::OpenAi), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_for_its_time_and_a_failure_not_at_all() {
    let rig = Rig::new();
    rig.simulator
        .push(Vendor::OpenAi, Fault::Status { status: 400 });

    let failed = rig.refused(ask("k-1", 1_000)).await;
    rig.complete(ask("k-1", 1_000)).await;
    advance(Duration::from_secs(599)).await;
    rig.complete(ask("k-1", 1_000)).await;
    let kept = rig.asked(Vendor::OpenAi);
    advance(Duration::from_secs(2)).await;
    let anew = rig.complete(ask("k-1", 1_000)).await;

    assert_eq!(failed["type"], "provider_rejected");
    assert_eq!(kept, 2, "the failure and the answer");
    assert_eq!(rig.asked(Vendor::OpenAi), 3);
    assert!(cost(&anew) > 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_key_belongs_to_one_question() {
    let rig = Rig::new();
    rig.complete(ask("k-1", 1_000)).await;
    let asked = |name: &str, value: Value| {
        let mut asked = ask("k-1", 1_000);
        asked[name] = value;
        asked
    };
    for (name, value) in [
        ("prompt", json!("say: something else")),
        ("max_tokens", json!(1_000)),
        ("model", json!("gpt-6-sol")),
        ("system", json!("Be brief.")),
        ("requirements", json!({"low_cost": true})),
    ] {
        let error = rig.refused(asked(name, value)).await;

        assert_eq!(error["type"], "caller_invalid_request", "{name}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("idempotency_key"), "{name}: {message}");
    }
    assert_eq!(rig.complete(ask("k-1", 2_000)).await["text"], TEXT);
    assert_eq!(rig.complete(ask("k-2", 1_000)).await["text"], TEXT);
    assert_eq!(rig.asked(Vendor::OpenAi), 2);
}

#[tokio::test(start_paused = true)]
async fn repeats_at_the_same_time_share_one_call() {
    let rig = Rig::new();
    rig.simulator
        .push(Vendor::OpenAi, Fault::Slow { ms: 2_000 });

    let calls = (0..8).map(|_| rig.complete(ask("k-1", 50_000)));
    let answers = futures_util::future::join_all(calls).await;

    assert_eq!(rig.asked(Vendor::OpenAi), 1);
    assert!(answers.iter().all(|answer| answer["text"] == TEXT));
    let paid = answers.iter().filter(|answer| cost(answer) > 0.0);
    assert_eq!(paid.count(), 1);
    let lines = rig.whole_ledger();
    assert_eq!(lines.iter().filter(|line| line.target.is_some()).count(), 1);
    assert_eq!(lines.iter().filter(|line| line.ends_call()).count(), 8);
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_what_another_caller_asked_for() {
    let house = House::with("api-key", &[]);
    let call = async |key: &str| {
        let params = json!({"name": "unified_completion", "arguments": ask("k-1", 50_000)});
        let result = house.call(key, "tools/call", params).await;
        cost(&result["structuredContent"])
    };

    let costs = [
        call(ALICES_KEY).await,
        call(BOSS_KEY).await,
        call(ALICES_KEY).await,
    ];

    assert!(costs[0] > 0.0 && costs[1] > 0.0, "{costs:?}");
    assert_eq!(costs[2], 0.0);
    assert_eq!(house.rig.asked(Vendor::OpenAi), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_with_a_key_comes_in_pieces_and_its_repeat_whole() {
    let rig = Rig::new();

    let streamed = chat(&rig, "k-1", true).await;
    let repeated = chat(&rig, "k-1", true).await;
    let whole = chat(&rig, "k-1", false).await;

    assert!(pieces(&streamed).len() > 3, "{}", streamed.text);
    for answer in [&streamed, &repeated] {
        assert_eq!(pieces(answer).concat(), TEXT);
    }
    assert_eq!(streamed.header("x-gateway-provider"), "openai");
    assert_eq!(whole.json()["choices"][0]["message"]["content"], TEXT);
    assert_eq!(rig.asked(Vendor::OpenAi), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_left_goes_on() {
    let rig = Rig::new();
    rig.simulator
        .push(Vendor::OpenAi, Fault::Drip { gap_ms: 5 });

    let left = tokio::time::timeout(Duration::from_secs(3), chat(&rig, "k-1", true)).await;
    let whole = chat(&rig, "k-1", false).await;

    assert!(left.is_err());
    assert_eq!(whole.json()["choices"][0]["message"]["content"], TEXT);
    assert_eq!(rig.asked(Vendor::OpenAi), 1);
}

#[tokio::test(start_paused = true)]
async fn the_key_comes_as_a_header_or_among_the_options() {
    let rig = Rig::new();
    let body = json!({"model": "gpt-6-luna", "reasoning_effort": "none", "max_tokens": 2_000,
        "messages": [{"role": "user", "content": format!("say: {TEXT}")}],
        "gateway": {"idempotency_key": "k-1"}});

    let by_header = chat(&rig, "k-1", false).await;
    let by_option = rig.chat(body.to_string()).await;

    assert_eq!(by_header.header("x-gateway-provider"), "openai");
    assert_eq!(by_option.status, 200, "{}", by_option.text);
    assert_eq!(rig.asked(Vendor::OpenAi), 1);
    for key in ["", "schlüssel", &"k".repeat(256)] {
        let refused = chat(&rig, key, false).await;

        assert_eq!(refused.status, 400, "{key}: {}", refused.text);
        assert!(refused.text.contains("idempotency_key"), "{}", refused.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_its_caller_is_one_of_the_process() {
    let rig = Rig::with(&[("GATEWAY__GATEWAY__MAX_IN_FLIGHT", "1")]);
    rig.simulator
        .push(Vendor::OpenAi, Fault::Slow { ms: 20_000 });

    rig.refused(ask("k-1", 1_000)).await;
    let meanwhile = rig.refused(json!({"prompt": "say: ok"})).await;
    advance(Duration::from_secs(20)).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let afterwards = rig.complete(json!({"prompt": "say: ok"})).await;

    assert_eq!(meanwhile["type"], "gateway_overloaded", "{meanwhile:#}");
    assert_eq!(afterwards["text"], "ok");
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_without_callers_are_refused() {
    // One caller may have an eighth of them.
    let rig = Rig::with(&[("GATEWAY__GATEWAY__IDEMPOTENCY_MAX_CALLS", "16")]);
    rig.simulator
        .push_many(Vendor::OpenAi, [Fault::Hang, Fault::Hang]);

    let errors = [
        rig.refused(ask("k-1", 1_000)).await,
        rig.refused(ask("k-2", 1_000)).await,
        rig.refused(ask("k-3", 1_000)).await,
    ];

    let kinds = errors.map(|error| error["type"].as_str().unwrap().to_owned());
    assert_eq!(
        kinds,
        ["gateway_timeout", "gateway_timeout", "gateway_overloaded"]
    );
    assert_eq!(rig.asked(Vendor::OpenAi), 2);
}
