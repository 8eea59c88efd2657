//! The router follows what vendors do and what callers say.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use vendor_sim::{Fault, Latency, Profile, Vendor, WeightedFault};

use crate::learned_parts::Parts;
use crate::support::{Rig, folder};

/// Time in which what was seen of a vendor's speed and failures fades to half:
/// ln 2 of 300 s.
const HALF_LIFE: Duration = Duration::from_secs(208);

fn ask(weights: Value) -> Value {
    json!({
        "prompt": "Explain how a hash map works.",
        "requirements": {"weights": weights, "failover_enabled": true},
    })
}

fn vendor(answer: &Value) -> Vendor {
    match answer["provider"].as_str().unwrap() {
        "openai" => Vendor::OpenAi,
        "anthropic" => Vendor::Anthropic,
        other => panic!("{other} is not configured"),
    }
}

/// Asks until another vendor than `from` is chosen first, at most so often.
async fn calls_until_it_leaves(rig: &Rig, from: Vendor, asked: &Value, most: usize) -> usize {
    for call in 0..most {
        let answer = rig.complete(asked.clone()).await;
        let first = &answer["routing"]["attempts"][0]["provider"];
        if vendor(&json!({"provider": first})) != from {
            return call;
        }
    }
    panic!("traffic did not leave {from:?} within {most} calls");
}

async fn chosen(rig: &Rig, asked: &Value) -> Vendor {
    let mut asked = asked.clone();
    asked["route_only"] = true.into();
    vendor(&rig.complete(asked).await)
}

#[tokio::test(start_paused = true)]
async fn traffic_leaves_a_vendor_that_became_slow_and_comes_back() {
    let rig = Rig::new();
    let asked = ask(json!({"quality": 0.2, "latency": 0.8}));
    let first = chosen(&rig, &asked).await;
    let slow = Profile {
        latency: Latency {
            from_ms: 9_000,
            to_ms: 9_000,
            ..Latency::default()
        },
        ..Profile::default()
    };

    rig.simulator.set_profile(first, slow);
    let calls = calls_until_it_leaves(&rig, first, &asked, 12).await;
    let meanwhile = chosen(&rig, &asked).await;
    rig.simulator.heal(first);
    tokio::time::advance(HALF_LIFE * 5).await;
    let afterwards = chosen(&rig, &asked).await;

    assert!(calls >= 1, "nothing was known of it before");
    assert_ne!(meanwhile, first);
    assert_eq!(afterwards, first);
}

#[tokio::test(start_paused = true)]
async fn traffic_leaves_a_vendor_that_became_unreliable_and_comes_back() {
    let rig = Rig::new();
    let asked = ask(json!({"quality": 0.5, "reliability": 0.5}));
    let first = chosen(&rig, &asked).await;
    let faults = vec![WeightedFault {
        fault: Fault::Status { status: 500 },
        weight: 1,
    }];
    let unreliable = Profile {
        failure_share: 0.4,
        faults,
        ..Profile::default()
    };

    rig.simulator.set_profile(first, unreliable);
    calls_until_it_leaves(&rig, first, &asked, 40).await;
    let meanwhile = chosen(&rig, &asked).await;
    rig.simulator.heal(first);
    tokio::time::advance(HALF_LIFE * 5).await;

    assert_ne!(meanwhile, first);
    assert_eq!(chosen(&rig, &asked).await, first);
}

#[tokio::test(start_paused = true)]
async fn traffic_leaves_a_model_that_became_dear_and_comes_back() {
    let folder = folder("learning-dear", &[("pricing.yaml", "prices: []")]);
    let rig = Rig::with(&[("GATEWAY_CONFIG_DIR", folder.to_str().unwrap())]);
    let asked = ask(json!({"cost": 1}));
    let route = || async {
        let mut asked = asked.clone();
        asked["route_only"] = true.into();
        let answer = rig.complete(asked).await;
        let (provider, model) = (&answer["provider"], &answer["model"]);
        format!("{}/{}", provider.as_str().unwrap(), model.as_str().unwrap())
    };
    let first = route().await;
    let dear = format!(
        "prices:\n  - {{model: {first}, from: 2026-11-01, input: 900000000, output: 900000000, \
         source: a test}}\n"
    );

    fs::write(folder.join("pricing.yaml"), dear).unwrap();
    rig.app.reload.read().await.unwrap();
    let meanwhile = route().await;
    fs::write(folder.join("pricing.yaml"), "prices: []").unwrap();
    rig.app.reload.read().await.unwrap();

    assert_ne!(meanwhile, first);
    assert_eq!(route().await, first);
}

/// A model that is believed to be as good as the best, for as much.
pub(crate) const NEWCOMER: &str = "
models:
  - id: newcomer
    provider: openai
    tier: balanced
    context_window: 400000
    max_output: 100000
    capabilities: []
    request:
      max_tokens_field: max_completion_tokens
      sampling: drop
      max_stop_sequences: 0
      allows_prefill: true
      allows_forced_tool: true
    prior_source: a test
    priors:
      - {quality: QUALITY, ttft_ms: 1000, tokens_per_second: 60}
";

const NEWCOMERS_PRICE: &str = "
prices:
  - {model: openai/newcomer, from: 2026-11-01, input: 1000000, output: 4000000, source: a test}
";

#[tokio::test(start_paused = true)]
async fn a_new_model_with_a_good_prior_gets_its_share() {
    let asked = ask(json!({"quality": 1}));
    let mut all = asked.clone();
    all["route_only"] = true.into();
    let best = Rig::new().complete(all.clone()).await["routing"]["candidates"][0].clone();
    // Behind the best by less than chance may choose from.
    let quality = best["quality"].as_f64().unwrap() - 0.01;
    let models = NEWCOMER.replace("QUALITY", &quality.to_string());
    let files = [("models.yaml", &*models), ("pricing.yaml", NEWCOMERS_PRICE)];
    let folder = folder("learning-newcomer", &files);
    let rig = Rig::with(&[
        ("GATEWAY_CONFIG_DIR", folder.to_str().unwrap()),
        ("GATEWAY__ROUTING__EXPLORATION_SHARE", "0.2"),
    ]);

    let (mut explored, mut expected) = (0, 0.0);
    for _ in 0..400 {
        let answer = rig.complete(all.clone()).await;
        if answer["model"] == "newcomer" {
            explored += 1;
            let decision = &answer["routing"]["decision"];
            assert_eq!(decision["explored"], true);
            expected = 400.0 * decision["propensity"].as_f64().unwrap();
        }
    }
    all["requirements"]["weights"] = Value::Null;
    all["requirements"]["high_quality"] = true.into();
    let careful = rig.complete(all).await;

    // Six standard deviations on either side.
    let spread = 6.0 * expected.sqrt();
    assert!(expected > 10.0, "{expected}");
    assert!(
        (f64::from(explored) - expected).abs() < spread,
        "{explored} of {expected}"
    );
    assert_eq!(careful["routing"]["decision"]["propensity"], 1.0);
}

async fn rate(rig: &Rig, answer: &Value, score: f64) -> Value {
    let given = json!({"request_id": answer["request_id"], "score": score});
    let result = rig.tool("submit_feedback", given).await;
    assert_eq!(result["isError"], false, "{result:#}");
    result["structuredContent"].clone()
}

#[tokio::test(start_paused = true)]
async fn feedback_moves_similar_prompts_to_another_model_and_leaves_the_rest() {
    let rig = Rig::new();
    let asked = ask(json!({"quality": 1}));
    let before = rig.complete(asked.clone()).await;
    let model = before["model"].clone();

    let mut last = Value::Null;
    for _ in 0..30 {
        let mut named = asked.clone();
        named["model"] = model.clone();
        named["reasoning_effort"] = before["routing"]["candidates"][0]["effort"].clone();
        let answer = rig.complete(named).await;
        last = rate(&rig, &answer, 0.0).await;
    }
    let after = rig.complete(asked).await;
    let other = rig
        .complete(json!({
            "prompt": "Write a short poem on rain over the sea at night",
            "route_only": true, "requirements": {"weights": {"quality": 1}},
        }))
        .await;

    assert!(last["quality_after"].as_f64().unwrap() < last["prior"].as_f64().unwrap() - 0.2);
    assert_eq!(last["feedback"], 30);
    assert_ne!(
        after["model"], model,
        "{:#}",
        after["routing"]["candidates"]
    );
    assert_eq!(other["model"], model, "nothing like it was rated");
}

#[tokio::test(start_paused = true)]
async fn feedback_is_the_callers_own_and_may_be_changed() {
    let rig = Rig::new();
    let answer = rig.complete(ask(json!({"quality": 1}))).await;

    let first = rate(&rig, &answer, 1.0).await;
    let second = rate(&rig, &answer, 0.25).await;

    assert_eq!(
        (&first["replaced"], &first["feedback"]),
        (&Value::Null, &json!(1))
    );
    assert_eq!(
        (&second["replaced"], &second["feedback"]),
        (&json!(1.0), &json!(1))
    );
    let unknown = "req_00000000000000000000000000000000";
    for (id, score) in [(unknown, json!(1)), ("7", json!(1)), (unknown, json!(1.5))] {
        let given = json!({"request_id": id, "score": score});
        let result = rig.tool("submit_feedback", given).await;
        let error = &result["structuredContent"]["error"];
        assert_eq!(error["type"], "caller_invalid_request", "{id} {score}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stored_answer_that_is_called_bad_is_not_served_again() {
    let rig = Rig::with(&[("GATEWAY__CACHE__ENABLED", "true")]);
    let asked = json!({"prompt": "What is the capital of France?"});
    rig.complete(asked.clone()).await;
    let hit = rig.complete(asked.clone()).await;
    assert_eq!(hit["cache"]["status"], "exact");

    let good = rate(&rig, &hit, 0.9).await;
    let still = rig.complete(asked.clone()).await;
    let bad = rate(&rig, &still, 0.1).await;
    let fresh = rig.complete(asked).await;

    assert_eq!(
        (&good["forgotten"], &bad["forgotten"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(still["cache"]["status"], "exact");
    assert_eq!(fresh["cache"]["status"], "miss");
}

/// Reads what others have learned, and keeps what this one has.
async fn keep_learning(rig: &Rig) {
    let stop = CancellationToken::new();
    let end = async {
        // The clock waits until there is nothing left to do.
        tokio::time::sleep(Duration::from_millis(1)).await;
        stop.cancel();
    };
    tokio::join!(rig.app.gateway.keep_learning(stop.clone()), end);
}

#[tokio::test(start_paused = true)]
async fn what_was_learned_outlives_the_process() {
    let learned = Arc::new(Parts::default());
    let asked = ask(json!({"quality": 1}));
    let first = Rig::remembering(Arc::clone(&learned) as _);
    let answer = first.complete(asked.clone()).await;
    for _ in 0..30 {
        let mut named = asked.clone();
        named["model"] = answer["model"].clone();
        named["reasoning_effort"] = answer["routing"]["candidates"][0]["effort"].clone();
        let again = first.complete(named).await;
        rate(&first, &again, 0.0).await;
    }
    keep_learning(&first).await;
    let moved = first.complete(asked.clone()).await["model"].clone();

    let second = Rig::remembering(Arc::clone(&learned) as _);
    keep_learning(&second).await;
    let mut detailed = asked.clone();
    detailed["explain"] = true.into();
    let again = second.complete(detailed).await;

    assert_ne!(moved, answer["model"]);
    assert_eq!(again["model"], moved);
    let basis = &again["routing"]["candidates"][1]["quality_basis"];
    assert!(basis["usable"].as_f64().unwrap() > 0.99, "{basis}");
}

#[tokio::test(start_paused = true)]
async fn every_answer_explains_itself() {
    let rig = Rig::new();
    let mut asked = ask(json!({"quality": 3, "cost": 2, "latency": 4, "reliability": 1}));
    asked["explain"] = true.into();

    let answer = rig.complete(asked).await;

    let routing = &answer["routing"];
    for candidate in routing["candidates"].as_array().unwrap() {
        let terms = &candidate["terms"];
        let term = |name: &str| terms[name].as_f64().unwrap();
        let sum = term("quality") + term("cost") + term("latency") + term("reliability");
        assert_eq!(sum, candidate["utility"].as_f64().unwrap());
    }
    let decision = &routing["decision"];
    assert_eq!(
        decision["weights"],
        json!({"quality": 0.3, "cost": 0.2, "latency": 0.4, "reliability": 0.1})
    );
    assert!(decision["margin"].as_f64().unwrap() >= 0.0);
    let flip = &decision["flips_at"];
    assert_ne!(flip["from"], flip["to"], "{decision:#}");
    let cheapest = decision["cheapest"]["cost_usd"].as_f64().unwrap();
    assert!(cheapest <= decision["best"]["cost_usd"].as_f64().unwrap());
    assert_eq!(routing["task"]["source"], "linear");
    assert_eq!(decision["propensity"], 1.0);
}

#[tokio::test(start_paused = true)]
async fn costs_are_predicted_without_asking_anybody() {
    let rig = Rig::new();

    let all = rig
        .tool(
            "predict_cost",
            json!({"prompt": "Explain how a hash map works."}),
        )
        .await;
    let named =
        json!({"input_tokens": 1_000_000, "expected_output_tokens": 0, "model": "gpt-6-luna"});
    let named = rig.tool("predict_cost", named).await;

    let all = &all["structuredContent"];
    let models = all["predictions"].as_object().unwrap();
    assert!(models.len() > 10 && all["unpriced"] == json!([]), "{all:#}");
    for cost in models.values() {
        let number = |key: &str| cost[key].as_f64().unwrap();
        let sum = number("input_cost") + number("output_cost");
        assert!((number("total_cost") - sum).abs() < 1e-12);
    }
    assert!(all["auto"].as_str().unwrap().contains('/'));
    // Above 272,000 tokens another price holds, as for a real call.
    let luna = &named["structuredContent"]["predictions"]["gpt-6-luna"];
    assert_eq!(luna["output_cost"], 0.0);
    assert!(luna["total_cost"].as_f64().unwrap() > 0.09, "{luna}");
    assert_eq!(rig.asked(Vendor::OpenAi) + rig.asked(Vendor::Anthropic), 0);
    for bad in [
        json!({}),
        json!({"prompt": "x", "input_tokens": 1}),
        json!({"input_tokens": 1, "model": "nobody"}),
        json!({"input_tokens": 1e18}),
    ] {
        let result = rig.tool("predict_cost", bad.clone()).await;
        let error = &result["structuredContent"]["error"];
        assert_eq!(error["type"], "caller_invalid_request", "{bad}");
    }
}
