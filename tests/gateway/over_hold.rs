//! Attempts that cost more than was set aside for them.

use std::sync::Arc;

use serde_json::{Value, json};
use vendor_sim::Simulator;

use crate::support::{Answering, Rig, folder};

const BUDGET: &str = "callers: {local: {budget_usd: 1, budget_window: total}}";
/// A dollar a token, for a model that nobody asks for.
const DEAR: &str = "prices: [{model: openai/gpt-6-sol, from: 2026-01-01, \
    input: 1000000000000, output: 1000000000000, source: a test}]";

fn ask() -> Value {
    json!({"prompt": "say: hi", "model": "openai/gpt-6-luna", "reasoning_effort": "none",
        "max_tokens": 100})
}

async fn over_hold_usd(rig: &Rig) -> f64 {
    let metrics = rig.get("/metrics").await.text;
    let mut lines = metrics.lines();
    let value = lines.find_map(|line| line.strip_prefix("gateway_settle_over_hold_usd_total "));
    value.unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_exceeds_its_hold_is_booked_and_counted() {
    let files = [("gateway.yaml", BUDGET), ("pricing.yaml", DEAR)];
    let folder = folder("over-hold", &files);
    let extra = [("GATEWAY_CONFIG_DIR", folder.to_str().unwrap())];
    let another = Arc::new(Answering("gpt-6-sol"));
    let rig = Rig::over(another, Simulator::new(7), &extra);

    rig.complete(ask()).await;
    let refused = rig.refused(ask()).await;

    // Fifteen tokens, less a hold of not even a tenth of a cent.
    let excess = over_hold_usd(&rig).await;
    assert!((14.999..15.0).contains(&excess), "{excess}");
    assert_eq!(refused["type"], "policy_budget_exceeded", "{refused}");
}

#[tokio::test(start_paused = true)]
async fn what_its_hold_covers_counts_nothing() {
    let folder = folder("within-hold", &[("gateway.yaml", BUDGET)]);
    let rig = Rig::with(&[("GATEWAY_CONFIG_DIR", folder.to_str().unwrap())]);

    rig.complete(ask()).await;

    assert_eq!(over_hold_usd(&rig).await, 0.0);
}
