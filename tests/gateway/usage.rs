//! What was used, as callers and administrators see it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::identity::visitor::{ALICES_KEY, BOSS_KEY, House};
use crate::support::Rig;

fn ask(text: &str) -> Value {
    json!({"prompt": format!("say: {text}"), "model": "openai/gpt-6-luna",
        "reasoning_effort": "none"})
}

#[tokio::test(start_paused = true)]
async fn every_call_token_and_cent_is_in_the_report() {
    let rig = Rig::new();
    let mut spent = 0.0;
    for number in 0..5 {
        let answer = rig.complete(ask(&number.to_string())).await;
        spent += answer["cost"].as_f64().unwrap();
    }
    let fault = Fault::Status { status: 500 };
    rig.simulator
        .push_many(Vendor::OpenAi, [fault.clone(), fault]);
    rig.refused(ask("fails")).await;
    rig.refused(json!({"prompt": "hi", "model": "nobody"}))
        .await;

    let report = rig
        .tool("get_usage_metrics", json!({"time_range": "1h"}))
        .await;

    let report = &report["structuredContent"];
    assert_eq!(report["time_range"], "1h");
    assert_eq!(report["total_requests"], 7);
    assert_eq!(report["successful_requests"], 5);
    assert_eq!(report["failed_requests"], 2);
    assert!((report["success_rate"].as_f64().unwrap() - 5.0 / 7.0).abs() < 1e-9);
    assert!((report["cost"]["total"].as_f64().unwrap() - spent).abs() < 1e-12);
    assert!(report["latency"]["p95"].is_number());
    let luna = &report["model_breakdown"]["openai/gpt-6-luna"];
    assert_eq!(
        (&luna["attempts"], &luna["successful"]),
        (&json!(7), &json!(5))
    );
    let billed: BTreeMap<_, _> = rig.simulator.stats(Vendor::OpenAi).billed;
    let billed = billed.values().next().unwrap();
    assert_eq!(luna["tokens"]["output"], billed.total_output());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_null_and_not_zero() {
    let rig = Rig::new();

    let report = rig.tool("get_usage_metrics", json!({})).await;

    let report = &report["structuredContent"];
    assert_eq!(report["time_range"], "24h");
    assert_eq!(report["total_requests"], 0);
    for name in ["success_rate", "cache_hit_rate"] {
        assert!(report[name].is_null(), "{name}");
    }
    assert!(report["latency"]["median"].is_null());
    assert!(report["cost"]["average"].is_null());
}

#[tokio::test(start_paused = true)]
async fn one_provider_alone_is_counted_by_attempts() {
    let rig = Rig::new();
    rig.complete(ask("one")).await;

    let openai = rig
        .tool("get_usage_metrics", json!({"provider": "openai"}))
        .await;
    let anthropic = rig
        .tool("get_usage_metrics", json!({"provider": "anthropic"}))
        .await;
    let wrong = rig
        .tool("get_usage_metrics", json!({"provider": "acme"}))
        .await;

    assert_eq!(openai["structuredContent"]["total_requests"], 1);
    assert_eq!(anthropic["structuredContent"]["total_requests"], 0);
    assert_eq!(
        wrong["structuredContent"]["error"]["type"],
        "caller_invalid_request"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_sees_itself_and_an_administrator_everybody() {
    let house = House::with("api-key", &[]);
    let report = async |key: &str, arguments: Value| {
        let params = json!({"name": "get_usage_metrics", "arguments": arguments});
        let result = house.call(key, "tools/call", params).await;
        result["structuredContent"].clone()
    };
    for (key, times) in [(ALICES_KEY, 2), (BOSS_KEY, 1)] {
        for _ in 0..times {
            let params = json!({"name": "unified_completion", "arguments": ask("hi")});
            house.call(key, "tools/call", params).await;
        }
    }

    let own = report(ALICES_KEY, json!({})).await;
    assert_eq!(own["total_requests"], 2);
    assert!(own["caller_breakdown"].is_null());
    let all = report(BOSS_KEY, json!({})).await;
    assert_eq!(all["total_requests"], 3);
    assert_eq!(all["caller_breakdown"]["alice"]["successful"], 2);
    let cost = &all["caller_breakdown"]["boss"]["cost"]["total"];
    assert!(cost.as_f64().unwrap() > 0.0);
    assert_eq!(
        report(BOSS_KEY, json!({"caller": "alice"})).await["total_requests"],
        2
    );
    let refused = report(ALICES_KEY, json!({"caller": "boss"})).await;
    assert_eq!(refused["error"]["type"], "policy_blocked");
}
