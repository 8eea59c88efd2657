//! How the target is chosen, and what is said about it.

use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::support::{Rig, VENDORS};

async fn dry_run(rig: &Rig, requirements: Value) -> Value {
    let asked = json!({
        "prompt": "Explain how a hash map works.", "route_only": true, "explain": true,
        "requirements": requirements,
    });
    rig.complete(asked).await
}

fn first(answer: &Value) -> Value {
    answer["routing"]["candidates"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_asks_nobody_and_costs_nothing() {
    let rig = Rig::new();

    let answer = dry_run(&rig, json!({})).await;

    assert_eq!(answer["cost"], 0.0);
    assert_eq!(answer["finish_reason"], Value::Null);
    assert_eq!(answer["text"], "");
    assert_eq!(answer["model"], first(&answer)["model"]);
    assert!(VENDORS.into_iter().all(|vendor| rig.asked(vendor) == 0));
}

#[tokio::test(start_paused = true)]
async fn candidates_stand_in_order_of_utility_then_filtered() {
    let rig = Rig::new();

    let answer = dry_run(&rig, json!({"providers": ["anthropic"]})).await;

    let candidates = answer["routing"]["candidates"].as_array().unwrap().clone();
    let (usable, filtered): (Vec<_>, Vec<_>) = candidates
        .iter()
        .partition(|one| one["filtered_by"].is_null());
    let utilities: Vec<f64> = usable
        .iter()
        .map(|one| one["utility"].as_f64().unwrap())
        .collect();
    assert!(utilities.is_sorted_by(|a, b| a >= b), "{utilities:?}");
    assert!(usable.iter().all(|one| one["provider"] == "anthropic"));
    assert!(filtered.iter().any(|one| one["filtered_by"] == "providers"));
    assert_eq!(
        candidates[..usable.len()].iter().collect::<Vec<_>>(),
        usable
    );
}

#[tokio::test(start_paused = true)]
async fn the_requirements_move_the_choice_their_way() {
    let rig = Rig::new();
    let plain = first(&dry_run(&rig, json!({})).await);
    let number = |candidate: &Value, key: &str| candidate[key].as_f64().unwrap();

    let cheap = first(&dry_run(&rig, json!({"low_cost": true})).await);
    let fast = first(&dry_run(&rig, json!({"low_latency": true})).await);
    let good = first(&dry_run(&rig, json!({"high_quality": true})).await);
    let only_quality = first(&dry_run(&rig, json!({"weights": {"quality": 1}})).await);

    assert!(number(&cheap, "cost_usd") <= number(&plain, "cost_usd"));
    assert!(number(&fast, "latency_ms") <= number(&plain, "latency_ms"));
    assert!(number(&good, "quality") >= number(&plain, "quality"));
    assert!(number(&only_quality, "quality") >= number(&good, "quality"));
}

#[tokio::test(start_paused = true)]
async fn limits_rule_targets_out_and_say_so() {
    let rig = Rig::new();
    let reasons = |answer: &Value| -> Vec<String> {
        let candidates = answer["routing"]["candidates"].as_array().unwrap();
        candidates
            .iter()
            .filter_map(|one| one["filtered_by"].as_str().map(str::to_owned))
            .collect()
    };

    for (requirement, reason) in [
        (json!({"max_cost_usd": 0.001}), "max_cost_usd"),
        (json!({"max_latency_ms": 5000}), "max_latency_ms"),
        (json!({"min_quality": 0.5}), "min_quality"),
    ] {
        let answer = dry_run(&rig, requirement).await;
        assert!(
            reasons(&answer).iter().any(|found| found == reason),
            "{reason}"
        );
    }
    let error = rig
        .refused(json!({"prompt": "hi", "requirements": {"min_quality": 1, "max_latency_ms": 1}}))
        .await;
    assert_eq!(error["type"], "caller_invalid_request");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("max_latency_ms"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_too_long_for_every_model_says_by_how_much() {
    let rig = Rig::new();
    // The largest window has 1,050,000 tokens; each of these is about one.
    let prompt = "雨".repeat(330_000);
    let asked = json!({"prompt": prompt, "requirements": {"providers": ["anthropic"]}});
    let long = json!({"messages": [
        {"role": "user", "content": prompt},
    ], "model": "claude-haiku-4-5"});

    let fits = rig.tool("unified_completion", asked).await;
    let error = rig.refused(long).await;

    assert_eq!(fits["isError"], false, "{fits:#}");
    assert_eq!(error["type"], "caller_invalid_request");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("exceed its context window by"),
        "{message}"
    );
    assert_eq!(error["attempts"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_model_names_near_matches() {
    let rig = Rig::new();

    for (asked, near) in [
        ("gpt-6-lunar", "gpt-6-luna"),
        ("claude-opus-5.5", "claude-opus-5-5"),
        ("openai/gpt6-sol", "openai/gpt-6-sol"),
        ("GPT-6-SOL", "gpt-6-sol"),
    ] {
        let error = rig.refused(json!({"prompt": "hi", "model": asked})).await;
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(near), "{asked}: {message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retired_name_is_answered_by_what_serves_today() {
    let rig = Rig::new();

    for (asked, provider, served) in [
        ("gpt-4-turbo", "openai", "gpt-6-sol"),
        ("gpt-3.5-turbo", "openai", "gpt-6-luna"),
        ("claude-3-opus", "anthropic", "claude-opus-5-5"),
        ("claude-3-sonnet", "anthropic", "claude-sonnet-5-5"),
        (
            "anthropic/claude-haiku-4-5",
            "anthropic",
            "claude-haiku-4-5-20251001",
        ),
    ] {
        let answer = rig.complete(json!({"prompt": "hi", "model": asked})).await;
        assert_eq!(
            (&answer["provider"], &answer["model"]),
            (&json!(provider), &json!(served))
        );
        assert!(
            answer["routing"]["reason"]
                .as_str()
                .unwrap()
                .contains(asked),
            "{answer:#}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_request_is_ranked_the_same() {
    let rig = Rig::new();

    let once = dry_run(&rig, json!({})).await;
    let again = dry_run(&rig, json!({})).await;

    assert_eq!(once["routing"], again["routing"]);
}

#[tokio::test(start_paused = true)]
async fn without_any_vendor_the_error_says_what_to_set() {
    let rig = Rig::with(&[("OPENAI_API_KEY", ""), ("ANTHROPIC_API_KEY", "")]);

    let error = rig.refused(json!({"prompt": "hi"})).await;
    let ready = rig.get("/ready").await;

    assert_eq!(error["type"], "provider_unavailable");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("OPENAI_API_KEY")
    );
    assert_eq!(ready.status, 503);
}

#[tokio::test(start_paused = true)]
async fn a_model_whose_vendor_has_no_key_is_told_from_none() {
    let rig = Rig::with(&[("ANTHROPIC_API_KEY", "")]);
    for name in [
        "claude-opus-5-5",
        "anthropic/claude-opus-5-5",
        "claude-3-opus",
    ] {
        let error = rig.refused(json!({"prompt": "hi", "model": name})).await;

        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains("anthropic, which has no key here"),
            "{message}"
        );
    }
    let only = json!({"prompt": "hi", "requirements": {"providers": ["anthropic"]}});

    let error = rig.refused(only).await;

    let message = error["message"].as_str().unwrap();
    assert!(message.contains("anthropic has no key here"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_named_model_that_cannot_answer_is_followed_by_others_if_they_may() {
    let rig = Rig::new();
    let long = "雨".repeat(300_000);
    let asked = json!({
        "prompt": long, "model": "claude-haiku-4-5", "route_only": true,
        "requirements": {"failover_enabled": true},
    });

    let answer = rig.complete(asked).await;

    assert_ne!(answer["model"], "claude-haiku-4-5");
}

#[tokio::test(start_paused = true)]
async fn configured_fallbacks_follow_a_named_model_in_their_order() {
    let order = "{openai/gpt-6-luna: [anthropic/claude-sonnet-5, openai/gpt-5.4]}";
    let rig = Rig::with(&[("GATEWAY__ROUTING__FALLBACKS", order)]);
    rig.simulator
        .push(Vendor::OpenAi, Fault::Status { status: 404 });
    rig.simulator
        .push(Vendor::Anthropic, Fault::Status { status: 404 });
    let asked = json!({
        "prompt": "hi", "model": "gpt-6-luna", "requirements": {"failover_enabled": true},
    });

    let answer = rig.complete(asked).await;

    let attempts = answer["routing"]["attempts"].as_array().unwrap();
    let models: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt["model"].clone())
        .collect();
    assert_eq!(models, ["gpt-6-luna", "claude-sonnet-5", "gpt-5.4"]);
}
