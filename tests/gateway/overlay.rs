//! A team's own models and prices, used without a rebuild.

use std::sync::Arc;

use ai_gateway::domain::Cost;
use serde_json::{Value, json};
use vendor_sim::Simulator;

use crate::support::{Answering, Rig, folder};

/// A model that the catalogue does not have, without priors.
const MODELS: &str = "
models:
  - id: gpt-7
    provider: openai
    tier: cheap
    context_window: 400000
    max_output: 100000
    capabilities: []
    request:
      max_tokens_field: max_completion_tokens
      sampling: drop
      max_stop_sequences: 0
      allows_prefill: true
      allows_forced_tool: true
";

/// Cheaper than any other model: a micro-dollar for a million tokens.
const PRICES: &str = "
prices:
  - {model: openai/gpt-7, from: 2026-11-01, input: 1, output: 1, source: contract}
";

fn rig(name: &str, files: &[(&str, &str)]) -> Rig {
    let folder = folder(name, files);
    let extra = [("GATEWAY_CONFIG_DIR", folder.to_str().unwrap())];
    Rig::over(Arc::new(Answering("gpt-7")), Simulator::new(1), &extra)
}

fn cheapest() -> Value {
    json!({"prompt": "hi", "requirements": {"weights": {"cost": 1}}})
}

#[tokio::test(start_paused = true)]
async fn a_new_model_with_a_price_is_chosen_without_being_asked_for() {
    let rig = rig(
        "overlay-priced",
        &[("models.yaml", MODELS), ("pricing.yaml", PRICES)],
    );

    let answer = rig.complete(cheapest()).await;

    assert_eq!(answer["model"], "gpt-7");
    // 10 + 5 tokens of a pico-dollar each round to nothing, but are priced.
    assert_eq!(answer["cost"], 0.0);
    assert!(matches!(rig.ledger()[0].cost, Cost::Priced { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_new_model_without_a_price_answers_to_its_name_alone() {
    let rig = rig("overlay-unpriced", &[("models.yaml", MODELS)]);
    let mut unasked = cheapest();
    unasked["route_only"] = json!(true);
    unasked["explain"] = json!(true);

    let named = rig
        .complete(json!({"model": "gpt-7", "prompt": "hi"}))
        .await;
    let routed = rig.complete(unasked).await;

    assert_eq!(named["model"], "gpt-7");
    assert_eq!(rig.ledger()[0].cost, Cost::Unpriced);
    let candidates = routed["routing"]["candidates"].as_array().unwrap();
    let ours = candidates.iter().find(|one| one["model"] == "gpt-7");
    assert_eq!(ours.unwrap()["filtered_by"], "unpriced");
    assert_ne!(routed["model"], "gpt-7");
}

#[tokio::test(start_paused = true)]
async fn an_error_says_that_a_price_is_missing() {
    let rig = rig("overlay-only", &[("models.yaml", MODELS)]);
    // No other model writes for so little.
    let asked = json!({"prompt": "hi", "requirements": {"max_cost_usd": 0.000_000_001}});

    let error = rig.refused(asked).await;

    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("ruled out by unpriced: openai/gpt-7"),
        "{message}"
    );
}
