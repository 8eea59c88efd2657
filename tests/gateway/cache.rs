//! The answer cache, as callers see it.

mod judges;

use std::sync::Arc;
use std::time::Duration;

use ai_gateway::app::Embedding;
use ai_gateway::domain::{CacheStatus, Embedder, EmbedderError, EmbedderState, Outcome};
use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{advance, sleep};
use vendor_sim::{Fault, Simulator, Vendor};

use crate::identity::visitor::{ALICES_KEY, BOSS_KEY, House};
use crate::simulated_wire::Wire;
use crate::support::Rig;

const CACHED: (&str, &str) = ("GATEWAY__CACHE__ENABLED", "true");
const ASKED: &str = "How do I write a cover letter?";
const ALIKE: &str = "What is the best way to write a cover letter?";

/// Takes two questions for near, and no other.
struct Near;

#[async_trait]
impl Embedder for Near {
    fn state(&self) -> EmbedderState {
        EmbedderState::Ready
    }

    fn version(&self) -> [u8; 32] {
        [1; 32]
    }

    async fn embed(&self, text: &str) -> Result<Arc<[f32]>, EmbedderError> {
        let mut vector = vec![0.0; 384];
        match text {
            ASKED => vector[0] = 1.0,
            ALIKE => (vector[0], vector[1]) = (0.96, 0.28),
            _ => vector[2] = 1.0,
        }
        Ok(vector.into())
    }
}

fn rig(extra: &[(&str, &str)]) -> Rig {
    let simulator = Simulator::new(7);
    let wire = Arc::new(Wire(simulator.router()));
    let extra = [&[CACHED], extra].concat();
    Rig::made_of(wire, simulator, Embedding::new(Arc::new(Near)), &extra)
}

fn ask(prompt: &str) -> Value {
    json!({"prompt": prompt, "model": "gpt-6-luna"})
}

#[tokio::test(start_paused = true)]
async fn a_repeat_costs_nothing_and_says_so() {
    let rig = rig(&[]);

    let first = rig.complete(ask(ASKED)).await;
    let again = rig.complete(ask("how do I write a COVER letter?")).await;

    assert_eq!(rig.asked(Vendor::OpenAi), 1);
    assert_eq!(
        (&first["cached"], &first["cache"]),
        (&json!(false), &json!({"status": "miss"}))
    );
    assert_eq!(again["cached"], true);
    assert_eq!(again["cache"]["status"], "exact");
    assert_eq!(again["cache"]["age_seconds"], 0);
    assert_eq!(again["cache"]["saved_usd"], first["cost"]);
    assert_eq!(again["cost"], 0.0);
    for member in ["text", "model", "provider", "tokens_used", "finish_reason"] {
        assert_eq!(again[member], first[member], "{member}");
    }
    assert_ne!(again["request_id"], first["request_id"]);
    let lines = rig.whole_ledger();
    let [attempt, hit] = &lines[..] else {
        panic!("{lines:#?}");
    };
    assert!(attempt.target.is_some() && hit.target.is_none());
    assert_eq!(
        (hit.outcome, hit.cache.status),
        (Outcome::Answered, CacheStatus::Exact)
    );
    assert_eq!(hit.cache.saved, attempt.cost.amount());
    let page = rig.get("/metrics").await.text;
    assert!(
        page.contains("gateway_cache_lookups_total{status=\"exact\"} 1"),
        "{page}"
    );
    assert!(page.contains("gateway_cache_entries"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn a_question_of_the_same_meaning_is_a_hit_at_the_tools_alone() {
    let rig = rig(&[]);
    rig.complete(ask(ASKED)).await;

    let hit = rig.complete(ask(ALIKE)).await;
    let body = json!({"model": "gpt-6-luna", "max_tokens": 1_000,
        "messages": [{"role": "user", "content": ALIKE}]});
    let v1 = rig.chat(body.to_string()).await;

    assert_eq!(hit["cache"]["status"], "semantic");
    assert!(hit["cache"]["confidence"].as_f64().unwrap() > 0.8);
    assert!((hit["cache"]["similarity"].as_f64().unwrap() - 0.96).abs() < 1e-6);
    assert_eq!(v1.header("x-gateway-cache"), "miss");
    assert_eq!(rig.asked(Vendor::OpenAi), 2);
}

#[tokio::test(start_paused = true)]
async fn callers_do_not_see_each_others_answers_unless_they_share() {
    let cases = [("caller", 2), ("everyone", 1)];
    for (share, asked) in cases {
        let house = House::with("api-key", &[CACHED, ("GATEWAY__CACHE__SHARE", share)]);
        for key in [ALICES_KEY, BOSS_KEY, ALICES_KEY] {
            let params = json!({"name": "unified_completion", "arguments": ask(ASKED)});
            let result = house.call(key, "tools/call", params).await;
            assert_eq!(result["isError"], false, "{result:#}");
        }
        assert_eq!(house.rig.asked(Vendor::OpenAi), asked, "{share}");
    }
}

#[tokio::test(start_paused = true)]
async fn equal_questions_at_once_are_asked_once() {
    let rig = rig(&[]);
    rig.simulator
        .push(Vendor::OpenAi, Fault::Slow { ms: 2_000 });

    let answers = join_all((0..50).map(|_| rig.complete(ask(ASKED)))).await;

    assert_eq!(rig.asked(Vendor::OpenAi), 1);
    let paid = answers
        .iter()
        .filter(|answer| answer["cost"].as_f64() > Some(0.0));
    assert_eq!(paid.count(), 1);
    for answer in &answers {
        assert_eq!(answer["cache"]["status"], "miss");
        assert_eq!(answer["text"], answers[0]["text"]);
    }
    let lines = rig.whole_ledger();
    assert_eq!(lines.iter().filter(|line| line.ends_call()).count(), 50);
    let report = rig.tool("get_usage_metrics", json!({})).await;
    assert_eq!(report["structuredContent"]["total_requests"], 50);
}

#[tokio::test(start_paused = true)]
async fn the_failure_of_one_is_not_the_failure_of_all() {
    let rig = rig(&[]);
    rig.simulator
        .push(Vendor::OpenAi, Fault::Status { status: 400 });

    let arguments = || ask(ASKED);
    let results = join_all((0..5).map(|_| rig.tool("unified_completion", arguments()))).await;

    let failed = results
        .iter()
        .filter(|result| result["isError"] == true)
        .count();
    assert_eq!(failed, 1, "{results:#?}");
    assert_eq!(rig.asked(Vendor::OpenAi), 2);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_waits_no_longer_than_it_said() {
    let rig = rig(&[]);
    rig.simulator
        .push(Vendor::OpenAi, Fault::Slow { ms: 20_000 });
    let mut hasty = ask(ASKED);
    hasty["timeout_ms"] = json!(1_000);

    let (patient, hasty) = tokio::join!(rig.complete(ask(ASKED)), async {
        sleep(Duration::from_millis(10)).await;
        rig.refused(hasty).await
    });

    assert_eq!(hasty["type"], "gateway_timeout");
    assert_eq!(patient["cache"]["status"], "miss");
    assert_eq!(rig.asked(Vendor::OpenAi), 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_leaves_hands_over() {
    let rig = rig(&[]);
    rig.simulator
        .push(Vendor::OpenAi, Fault::Slow { ms: 20_000 });
    let mut leader = Box::pin(rig.complete(ask(ASKED)));
    let mut follower = Box::pin(rig.complete(ask(ASKED)));
    for call in [&mut leader, &mut follower] {
        for _ in 0..10 {
            assert!(futures_util::poll!(&mut *call).is_pending());
            advance(Duration::from_millis(1)).await;
        }
    }

    drop(leader);
    let answer = follower.await;

    assert!(answer["cost"].as_f64() > Some(0.0));
    assert_eq!(rig.asked(Vendor::OpenAi), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stored_answer_is_replayed_as_a_stream() {
    let rig = rig(&[]);
    let text = "one two three four five six seven ".repeat(30);
    let body = |streams: bool| {
        json!({"model": "gpt-6-luna", "max_tokens": 2_000, "stream": streams,
            "messages": [{"role": "user", "content": format!("say: {text}")}]})
    };
    let first = rig.chat(body(false).to_string()).await;
    assert_eq!(first.header("x-gateway-cache"), "miss");
    let whole = first.json()["choices"][0]["message"]["content"].clone();

    let stream = rig.chat(body(true).to_string()).await;

    assert_eq!(stream.header("x-gateway-cache"), "exact");
    assert!(stream.text.ends_with("data: [DONE]\n\n"), "{}", stream.text);
    let events = stream
        .text
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: {"));
    let pieces: Vec<String> = events
        .filter_map(|event| {
            let event: Value = serde_json::from_str(&format!("{{{event}")).unwrap();
            let piece = event["choices"][0]["delta"]["content"].as_str()?;
            (!piece.is_empty()).then(|| piece.to_owned())
        })
        .collect();
    assert!(pieces.len() > 2, "{pieces:?}");
    assert_eq!(pieces.concat(), whole.as_str().unwrap());
    assert_eq!(rig.asked(Vendor::OpenAi), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_takes_no_hit_that_it_would_not_find_itself() {
    for (more, status) in [
        (json!({}), "semantic"),
        (json!({"cache_mode": "exact"}), "miss"),
        (
            json!({"requirements": {"cache_min_confidence": 1.0}}),
            "miss",
        ),
    ] {
        let rig = rig(&[]);
        rig.complete(ask(ASKED)).await;
        let mut other = ask(ALIKE);
        other
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());

        let (leader, follower) = tokio::join!(rig.complete(ask(ALIKE)), rig.complete(other));

        assert_eq!(leader["cache"]["status"], "semantic");
        assert_eq!(follower["cache"]["status"], status, "{more}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_model_has_another_answer() {
    let rig = rig(&[]);
    rig.complete(ask(ASKED)).await;
    for (model, status) in [
        ("gpt-6-sol", "miss"),
        ("auto", "miss"),
        ("openai/gpt-6-luna", "exact"),
    ] {
        let asked = json!({"prompt": ASKED, "model": model});
        assert_eq!(
            rig.complete(asked).await["cache"]["status"],
            status,
            "{model}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn callers_decide_how_the_cache_takes_part() {
    let rig = rig(&[]);
    let with = |more: Value| {
        let mut arguments = ask(ASKED);
        arguments
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        arguments
    };
    for (more, status) in [
        (json!({}), "miss"),
        (json!({"cache_enabled": false}), "bypass"),
        (json!({"requirements": {"cache_enabled": false}}), "bypass"),
        (json!({"temperature": 0.9}), "bypass"),
        (json!({"temperature": 0.9, "cache_mode": "exact"}), "miss"),
        (json!({"temperature": 0.9, "cache_mode": "exact"}), "exact"),
        (json!({"cache_mode": "refresh"}), "miss"),
        (json!({}), "exact"),
        (json!({"max_tokens": 999}), "miss"),
        (json!({"system": "Be brief."}), "miss"),
        (
            json!({"requirements": {"cache_max_age_seconds": 0}}),
            "exact",
        ),
    ] {
        let answer = rig.complete(with(more.clone())).await;
        assert_eq!(answer["cache"]["status"], status, "{more}");
    }
    let unlike = json!({"prompt": ALIKE, "model": "gpt-6-luna",
        "requirements": {"cache_min_confidence": 1.0}});
    assert_eq!(rig.complete(unlike).await["cache"]["status"], "miss");
    let bad = json!({"prompt": ALIKE, "requirements": {"cache_min_confidence": 1.5}});
    assert_eq!(rig.refused(bad).await["type"], "caller_invalid_request");
}

#[tokio::test(start_paused = true)]
async fn a_stand_ins_answer_is_not_kept_for_the_model_that_was_named() {
    let rig = rig(&[]);
    rig.simulator.push(Vendor::OpenAi, Fault::Down);
    let named = json!({"prompt": ASKED, "model": "gpt-6-luna",
        "requirements": {"failover_enabled": true}});

    let first = rig.complete(named.clone()).await;
    let second = rig.complete(named.clone()).await;

    assert_eq!(first["provider"], "anthropic");
    assert_eq!(second["cache"]["status"], "miss");
    assert_eq!(second["provider"], "openai");
    assert_eq!(rig.complete(named).await["cache"]["status"], "exact");
}

#[tokio::test(start_paused = true)]
async fn hits_need_a_place_in_the_rate_but_no_budget() {
    let limits = (
        "GATEWAY__LIMITS__DEFAULT",
        "{requests_per_minute: 3, budget_usd: 0.000001}",
    );
    let rig = rig(&[limits]);
    // The budget is too small for any call.
    assert_eq!(
        rig.refused(ask(ASKED)).await["type"],
        "policy_budget_exceeded"
    );
    let rig = self::rig(&[("GATEWAY__LIMITS__DEFAULT", "{requests_per_minute: 3}")]);
    rig.complete(ask(ASKED)).await;
    rig.complete(ask(ASKED)).await;
    rig.complete(ask(ASKED)).await;
    assert_eq!(rig.refused(ask(ASKED)).await["type"], "policy_rate_limited");
}
