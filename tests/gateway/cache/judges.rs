//! Served hits that a model looks at afterwards.

use std::sync::Arc;
use std::time::Duration;

use ai_gateway::app::Embedding;
use ai_gateway::domain::NanoUsd;
use ai_gateway::gateway::BACKGROUND;
use ai_gateway::providers::{Transport, TransportBody, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tokio::time::sleep;
use vendor_sim::Simulator;

use super::{ALIKE, ASKED, CACHED, Near, ask, rig};
use crate::simulated_wire::Wire;
use crate::support::Rig;

/// The simulator, save that whoever is asked to judge says what it is told.
struct Judge {
    others: Wire,
    says: &'static str,
}

#[async_trait]
impl Transport for Judge {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<TransportBody>, TransportError> {
        let body = String::from_utf8_lossy(request.body());
        if body.contains("You check an answer cache") {
            assert!(body.contains(ASKED) && body.contains(ALIKE), "{body}");
            let body = json!({"model": "gpt-6-luna",
                "choices": [{"message": {"content": self.says}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 300, "completion_tokens": 1}});
            let body = Full::new(Bytes::from(body.to_string())).map_err(|never| match never {});
            return Ok(Response::new(body.boxed_unsync()));
        }
        self.others.send(request).await
    }
}

fn judged(says: &'static str) -> Rig {
    judged_for("1", says)
}

/// A gateway with so many dollars a day for judges.
fn judged_for(daily_usd: &'static str, says: &'static str) -> Rig {
    let simulator = Simulator::new(7);
    let others = Wire(simulator.router());
    let transport = Arc::new(Judge { others, says });
    let extra = [CACHED, ("GATEWAY__BACKGROUND__DAILY_USD", daily_usd)];
    Rig::made_of(transport, simulator, Embedding::new(Arc::new(Near)), &extra)
}

/// Asks and waits until a judge has looked at the hit.
async fn hit_and_judge(rig: &Rig) {
    rig.complete(by_openai(ASKED)).await;
    let hit = rig.complete(by_openai(ALIKE)).await;
    assert_eq!(hit["cache"]["status"], "semantic");
    for _ in 0..1_000 {
        let page = rig.get("/metrics").await.text;
        if page.contains("gateway_cache_judged_total{") {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody judged");
}

fn by_openai(prompt: &str) -> Value {
    json!({"prompt": prompt, "requirements": {"providers": ["openai"]}})
}

#[tokio::test(start_paused = true)]
async fn a_hit_that_a_judge_refutes_does_not_come_back() {
    let rig = judged("No.");

    hit_and_judge(&rig).await;

    let again = rig.complete(by_openai(ALIKE)).await;
    assert_eq!(again["cache"]["status"], "miss");
    let page = rig.get("/metrics").await.text;
    assert!(page.contains("gateway_cache_false_hit_sample 1"), "{page}");
    let line = rig
        .whole_ledger()
        .into_iter()
        .find(|line| line.caller.as_str() == BACKGROUND);
    assert!(line.unwrap().cost.amount() > Some(NanoUsd::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_hit_that_a_judge_confirms_is_exact_from_then_on() {
    let rig = judged("yes");

    hit_and_judge(&rig).await;

    let again = rig.complete(by_openai(ALIKE)).await;
    assert_eq!(again["cache"]["status"], "exact");
}

#[tokio::test(start_paused = true)]
async fn nobody_judges_without_money() {
    let rig = rig(&[]);
    rig.complete(ask(ASKED)).await;
    rig.complete(ask(ALIKE)).await;
    sleep(Duration::from_secs(60)).await;

    let mut lines = rig.whole_ledger().into_iter();
    assert!(!lines.any(|line| line.caller.as_str() == BACKGROUND));
}

/// Returns a question with a system prompt of its own.
fn apart(number: usize, prompt: &str, least: f64) -> Value {
    json!({
        "messages": [{"role": "system", "content": format!("Number {number}.")},
            {"role": "user", "content": prompt}],
        "requirements": {"providers": ["openai"], "cache_min_confidence": least},
    })
}

#[tokio::test(start_paused = true)]
async fn when_the_days_money_is_short_no_call_says_so() {
    let rig = judged_for("0.000001", "yes");
    for number in 0..12 {
        rig.complete(apart(number, ASKED, 0.0)).await;
        let hit = rig.complete(apart(number, ALIKE, 0.0)).await;
        assert_eq!(hit["cache"]["status"], "semantic");
        sleep(Duration::from_secs(1)).await;
    }

    let mut lines = rig.whole_ledger().into_iter();
    assert!(!lines.any(|line| line.caller.as_str() == BACKGROUND));
    let report = rig.tool("get_usage_metrics", json!({})).await;
    assert_eq!(report["structuredContent"]["total_requests"], 24);
    // One found that there is no money; nobody asked again.
    let page = rig.get("/metrics").await.text;
    let line = page
        .lines()
        .find(|line| line.contains("policy_budget_exceeded"));
    assert!(line.unwrap().ends_with(" 1"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn a_near_miss_with_an_answer_of_its_own_is_not_judged() {
    let rig = judged("yes");
    for number in 0..150 {
        rig.complete(apart(number, ASKED, 0.0)).await;
        let miss = rig.complete(apart(number, ALIKE, 0.999)).await;
        assert_eq!(miss["cache"]["status"], "miss");
    }
    sleep(Duration::from_secs(60)).await;

    let mut lines = rig.whole_ledger().into_iter();
    assert!(!lines.any(|line| line.caller.as_str() == BACKGROUND));
}
