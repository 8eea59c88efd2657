//! What breaks a naive gateway, vendor by vendor.

use std::sync::Arc;

use ai_gateway::domain::Cost;
use serde_json::{Value, json};
use vendor_sim::{Fault, Simulator, Vendor};

use crate::seats::{SEATS, Seat};
use crate::support::{Answering, GEMINI_KEY, GROQ_KEY, MISTRAL_KEY, Rig, folder};

fn seat(name: &str) -> Seat {
    *SEATS.iter().find(|seat| seat.name == name).unwrap()
}

async fn sent(seat: &Seat, arguments: Value) -> (Value, Value) {
    let rig = seat.rig();
    let answer = rig.complete(arguments).await;
    (rig.last_question(seat.vendor), answer)
}

#[tokio::test(start_paused = true)]
async fn groq_is_asked_for_no_more_tokens_than_the_caller_wants() {
    // It counts what is asked for against the plan before anything runs.
    for effort in ["low", "medium", "high"] {
        let arguments = json!({"model": "groq/openai/gpt-oss-120b", "prompt": "say: well",
            "max_tokens": 4_000, "reasoning_effort": effort});

        let (body, _) = sent(&seat("Groq"), arguments).await;

        assert_eq!(body["max_completion_tokens"], 4_000, "{effort}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_groqs_plan_does_not_allow_goes_to_others() {
    let rig = seat("Groq").rig();
    rig.simulator.set_groq_tokens_per_minute(8_000);
    let arguments =
        json!({"model": "groq/openai/gpt-oss-120b", "prompt": "say: well", "max_tokens": 9_000});
    let mut with_failover = arguments.clone();
    with_failover["requirements"] = json!({"failover_enabled": true});

    let refused = rig.refused(arguments).await;
    let answered = rig.complete(with_failover).await;

    assert_eq!(refused["type"], "provider_rate_limited", "{refused:#}");
    assert_eq!(refused["retryable"], false);
    assert_eq!(refused["attempts"][0]["outcome"], "too_large_for_plan");
    assert_eq!(answered["text"], "well");
    assert_ne!(answered["provider"], "groq");
}

#[tokio::test(start_paused = true)]
async fn thoughts_do_not_reach_the_text() {
    for seat in SEATS {
        let effort = seat.efforts.last().unwrap();
        let arguments = json!({"model": seat.model, "prompt": "say: well", "max_tokens": 16_000,
            "reasoning_effort": effort});

        let (_, answer) = sent(&seat, arguments).await;

        assert_eq!(answer["text"], "well", "{}", seat.name);
    }
    let arguments = json!({"model": "groq/qwen/qwen3.8-27b", "prompt": "say: well",
        "reasoning_effort": "high", "max_tokens": 8_000});
    let (body, answer) = sent(&seat("Groq"), arguments).await;
    assert_eq!(body["include_reasoning"], false);
    assert_eq!(answer["text"], "well");
}

#[tokio::test(start_paused = true)]
async fn a_gemini_gets_a_level_or_a_budget_and_never_both() {
    let ask = |model: &str, effort: &str| json!({"model": model, "prompt": "hi", "reasoning_effort": effort});

    let (newer, _) = sent(&seat("Gemini"), ask("gemini-3.8-flash", "low")).await;
    let (older, _) = sent(&seat("Gemini"), ask("gemini-2.5-flash", "low")).await;
    let (off, _) = sent(&seat("Gemini"), ask("gemini-2.5-flash", "none")).await;

    let thinking = |body: &Value| body["generationConfig"]["thinkingConfig"].clone();
    assert_eq!(thinking(&newer), json!({"thinkingLevel": "LOW"}));
    assert_eq!(thinking(&older), json!({"thinkingBudget": 1_024}));
    assert_eq!(thinking(&off), json!({"thinkingBudget": 0}));
    assert_eq!(older["generationConfig"]["maxOutputTokens"], 1_000 + 1_024);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_streamed_has_its_own_bound() {
    let arguments = json!({"model": "gemini-4-argon", "prompt": "hi", "max_tokens": 32_000,
        "reasoning_effort": "high"});

    let (body, _) = sent(&seat("Gemini"), arguments).await;

    assert_eq!(body["generationConfig"]["maxOutputTokens"], 32_768);
}

#[tokio::test(start_paused = true)]
async fn a_seed_that_a_vendor_cannot_take_is_dropped_and_named() {
    for (name, seed) in [("Mistral", -1_i64), ("Gemini", 1 << 40)] {
        let seat = seat(name);
        let ask = |seed: i64| json!({"model": seat.model, "prompt": "hi", "seed": seed});

        let (_, bad) = sent(&seat, ask(seed)).await;
        let (body, good) = sent(&seat, ask(7)).await;

        assert_eq!(bad["dropped_parameters"], json!(["seed"]), "{name}");
        assert_eq!(good["dropped_parameters"], json!([]), "{name}");
        assert!(body.to_string().contains("eed\":7"), "{name}: {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_go_in_headers_and_nowhere_else() {
    let rig = Rig::of_all(&[]);
    for model in [
        "gemini-3.8-flash",
        "mistral-small-2603",
        "openai/gpt-oss-20b",
    ] {
        rig.complete(json!({"model": model, "prompt": "hi"})).await;
    }

    let last = |vendor| rig.simulator.requests(vendor).pop().unwrap();
    let google = last(Vendor::Google);
    assert_eq!(google.header("x-goog-api-key"), Some(GEMINI_KEY));
    assert_eq!(google.query, "");
    assert!(
        google
            .header("x-server-timeout")
            .unwrap()
            .parse::<u32>()
            .unwrap()
            <= 50
    );
    for (vendor, key) in [(Vendor::Mistral, MISTRAL_KEY), (Vendor::Groq, GROQ_KEY)] {
        let proof = format!("Bearer {key}");
        assert_eq!(last(vendor).header("authorization"), Some(proof.as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_key_is_told_from_a_bad_request() {
    // Google has one status for both.
    let bad = [
        ("OPENAI_API_KEY", "bad-key-4711"),
        ("ANTHROPIC_API_KEY", "bad-key-4711"),
        ("GEMINI_API_KEY", "bad-key-4711"),
        ("MISTRAL_API_KEY", "bad-key-4711"),
        ("GROQ_API_KEY", "bad-key-4711"),
    ];
    for seat in SEATS.iter().filter(|seat| seat.vendor != Vendor::Vertex) {
        let rig = seat.rig_with(&bad);

        let error = rig
            .refused(json!({"model": seat.model, "prompt": "hi"}))
            .await;

        let outcome = &error["attempts"][0]["outcome"];
        assert_eq!(outcome, "unauthorized", "{}: {error:#}", seat.name);
        assert!(!error.to_string().contains("key-4711"), "{error:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_gone_is_told_from_a_bad_request() {
    // Groq has the status of a bad request for models that are no more.
    let gone = [
        ("openai", "gpt-99"),
        ("anthropic", "claude-99"),
        ("google", "gemini-99"),
        ("mistral", "mistral-99"),
        ("groq", "llama-3.1-8b-instant"),
        ("groq", "nobody/nothing"),
    ];
    let entries = gone.map(|(provider, id)| {
        format!(
            "  - {{id: {id}, provider: {provider}, tier: cheap, context_window: 9000, \
             max_output: 4000, capabilities: [], request: {{max_tokens_field: max_tokens, \
             sampling: any, max_stop_sequences: 4, allows_prefill: false, \
             allows_forced_tool: false}}}}\n"
        )
    });
    let models = format!("models:\n{}", entries.concat());
    let folder = folder("gone", &[("models.yaml", &models)]);
    let rig = Rig::of_all(&[("GATEWAY_CONFIG_DIR", folder.to_str().unwrap())]);
    for (provider, id) in gone {
        let model = format!("{provider}/{id}");

        let error = rig.refused(json!({"model": model, "prompt": "hi"})).await;

        let outcome = &error["attempts"][0]["outcome"];
        assert_eq!(outcome, "model_unavailable", "{model}: {error:#}");
        assert_eq!(error["type"], "provider_unavailable", "{model}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_model_that_answered_is_the_one_that_is_billed() {
    // Asked for by its own name, 3.5 is answered by 3.6, as the vendor has
    // done since October; the price of the overlay must not count.
    let folder = folder(
        "rerouted",
        &[("models.yaml", REROUTED), ("pricing.yaml", REROUTED_PRICE)],
    );
    let rig = Rig::of_all(&[("GATEWAY_CONFIG_DIR", folder.to_str().unwrap())]);

    let answer = rig
        .complete(json!({"model": "google/gemini-3.5-flash", "prompt": "hi"}))
        .await;

    assert_eq!(answer["model"], "gemini-3.6-flash");
    let used = &answer["tokens_used"];
    let count = |class: &str| used[class].as_f64().unwrap();
    let dollars = (count("input") * 0.75
        + count("cached_input") * 0.075
        + (count("output") + count("reasoning")) * 3.75)
        / 1e6;
    let cost = answer["cost"].as_f64().unwrap();
    assert!((cost - dollars).abs() < 2e-9, "{cost} {dollars}");
}

const REROUTED: &str = "
aliases: {gemini-3.5-flash: null}
models:
  - id: gemini-3.5-flash
    provider: google
    tier: balanced
    context_window: 1048576
    max_output: 65536
    capabilities: [reasoning]
    request:
      max_tokens_field: max_tokens
      sampling: drop
      max_stop_sequences: 5
      efforts: [low]
      default_effort: low
      reasoning_allowance: {low: 2048}
      allows_prefill: false
      allows_forced_tool: true
";

const REROUTED_PRICE: &str = "
prices:
  - {model: google/gemini-3.5-flash, from: 2024-01-01, input: 900000000, output: 900000000, source: a test}
";

#[tokio::test(start_paused = true)]
async fn an_unknown_model_in_an_answer_is_unpriced_and_a_dated_one_is_not() {
    for (named, is_priced) in [
        ("gpt-6-luna", true),
        ("gpt-6-luna-2026-09-01", true),
        ("gpt-6-sol", true),
        ("gpt-99", false),
    ] {
        let rig = Rig::over(Arc::new(Answering(named)), Simulator::new(1), &[]);

        let answer = rig
            .complete(json!({"model": "gpt-6-luna", "prompt": "hi"}))
            .await;

        assert_eq!(answer["model"], named);
        assert_eq!(rig.ledger()[0].cost != Cost::Unpriced, is_priced, "{named}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_googles_stands_in_the_body() {
    for seat in SEATS.iter().filter(|seat| seat.provider == "google") {
        let rig = seat.rig();
        let fault = Fault::RateLimited {
            retry_after: Some("7.5".to_owned()),
        };
        rig.simulator.push(seat.vendor, fault);

        let error = rig
            .refused(json!({"model": seat.model, "prompt": "hi"}))
            .await;

        assert_eq!(error["type"], "provider_rate_limited", "{}", seat.name);
        let wait = error["retry_after_ms"].as_u64().unwrap();
        assert!((7_500..=8_250).contains(&wait), "{}: {wait}", seat.name);
    }
}
