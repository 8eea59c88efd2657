//! What goes out to each vendor, and what of its answer comes back.

use serde_json::{Value, json};
use vendor_sim::{BilledTokens, Vendor};

use crate::support::{ANTHROPIC_KEY, OPENAI_KEY, Rig};

async fn question(vendor: Vendor, arguments: Value) -> (Value, Value) {
    let rig = Rig::new();
    let answer = rig.complete(arguments).await;
    (rig.last_question(vendor), answer)
}

fn with(mut base: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    base.as_object_mut().unwrap().extend(more);
    base
}

#[tokio::test(start_paused = true)]
async fn openai_gets_only_what_the_caller_set() {
    let (body, answer) = question(
        Vendor::OpenAi,
        json!({"prompt": "hi", "model": "gpt-6-luna"}),
    )
    .await;

    assert_eq!(
        body,
        json!({
            "model": "gpt-6-luna",
            "messages": [{"role": "user", "content": "hi"}],
            "max_completion_tokens": 1000,
            "reasoning_effort": "none",
        })
    );
    assert_eq!(answer["dropped_parameters"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn anthropic_gets_only_what_the_caller_set() {
    let model = "claude-sonnet-5";
    let (body, answer) = question(
        Vendor::Anthropic,
        json!({"prompt": "hi", "model": model, "reasoning_effort": "low"}),
    )
    .await;

    assert_eq!(body["model"], model);
    let text = json!([{"type": "text", "text": "hi"}]);
    assert_eq!(body["messages"], json!([{"role": "user", "content": text}]));
    assert_eq!(body["output_config"], json!({"effort": "low"}));
    assert!(
        body["max_tokens"].as_u64().unwrap() > 1_000,
        "room to think: {body}"
    );
    for absent in ["temperature", "top_p", "stop_sequences", "system"] {
        assert!(body.get(absent).is_none(), "{absent}: {body}");
    }
    assert_eq!(answer["dropped_parameters"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn keys_and_versions_go_in_the_vendors_own_headers() {
    let rig = Rig::new();
    rig.complete(json!({"prompt": "hi", "model": "gpt-6-luna"}))
        .await;
    rig.complete(json!({"prompt": "hi", "model": "claude-haiku-5-5"}))
        .await;

    let openai = rig.simulator.requests(Vendor::OpenAi).pop().unwrap();
    let anthropic = rig.simulator.requests(Vendor::Anthropic).pop().unwrap();

    assert_eq!(
        openai.header("authorization"),
        Some(format!("Bearer {OPENAI_KEY}").as_str())
    );
    assert_eq!(anthropic.header("x-api-key"), Some(ANTHROPIC_KEY));
    assert_eq!(anthropic.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(anthropic.header("authorization"), None);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_keeps_its_turns() {
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]);
    let openai = json!({"messages": messages, "model": "gpt-6-luna"});
    let anthropic = with(openai.clone(), json!({"model": "claude-haiku-5-5"}));

    let (openai, _) = question(Vendor::OpenAi, openai).await;
    let (anthropic, _) = question(Vendor::Anthropic, anthropic).await;

    let roles = |body: &Value| -> Vec<String> {
        let messages = body["messages"].as_array().unwrap().iter();
        messages
            .map(|message| message["role"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(roles(&openai), ["developer", "user", "assistant", "user"]);
    assert_eq!(roles(&anthropic), ["user", "assistant", "user"]);
    assert_eq!(anthropic["system"][0]["text"], "Be brief.");
}

#[tokio::test(start_paused = true)]
async fn what_a_model_does_not_take_is_dropped_and_named() {
    let sampling =
        json!({"prompt": "hi", "temperature": 0.5, "top_p": 0.9, "stop": ["x"], "seed": 3});
    let dropped = |answer: &Value| -> Vec<String> {
        let names = answer["dropped_parameters"].as_array().unwrap().iter();
        names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };

    // Refuses sampling whatever the effort; takes no stop.
    let (body, answer) = question(
        Vendor::OpenAi,
        with(sampling.clone(), json!({"model": "gpt-6-astra"})),
    )
    .await;
    assert_eq!(dropped(&answer), ["temperature", "top_p", "stop"]);
    assert_eq!(body["seed"], 3);

    // Takes sampling when it does not think.
    let (body, answer) = question(
        Vendor::OpenAi,
        with(
            sampling.clone(),
            json!({"model": "gpt-6-luna", "reasoning_effort": "none"}),
        ),
    )
    .await;
    assert_eq!(dropped(&answer), ["stop"]);
    assert_eq!(
        (&body["temperature"], &body["top_p"]),
        (&json!(0.5), &json!(0.9))
    );
    let (_, answer) = question(
        Vendor::OpenAi,
        with(
            sampling.clone(),
            json!({"model": "gpt-6-luna", "reasoning_effort": "low"}),
        ),
    )
    .await;
    assert_eq!(dropped(&answer), ["temperature", "top_p", "stop"]);

    // Takes one of the two, and has no seed.
    let (body, answer) = question(
        Vendor::Anthropic,
        with(sampling.clone(), json!({"model": "claude-haiku-4-5"})),
    )
    .await;
    assert_eq!(dropped(&answer), ["top_p", "seed"]);
    assert_eq!(body["temperature"], 0.5);
    assert_eq!(body["stop_sequences"], json!(["x"]));

    // Takes temperatures up to 1.
    let hot = with(
        sampling,
        json!({"model": "claude-haiku-4-5", "temperature": 1.5, "seed": null}),
    );
    let (body, answer) = question(Vendor::Anthropic, hot).await;
    assert_eq!(dropped(&answer), ["temperature (clamped)", "top_p"]);
    assert_eq!(body["temperature"], 1.0);
}

#[tokio::test(start_paused = true)]
async fn every_model_takes_what_its_policy_lets_through() {
    let rig = Rig::new();
    let efforts = [
        json!(null),
        json!("none"),
        json!("low"),
        json!("medium"),
        json!("high"),
    ];
    let mut answered = 0;
    for spec in rig.app.gateway.known().catalogue.models() {
        for effort in &efforts {
            let arguments = json!({
                "prompt": "hi", "model": spec.canonical(), "reasoning_effort": effort, "system": "Be brief.",
                "temperature": 1.2, "top_p": 0.5, "stop": ["a", "\n"], "seed": 1,
            });
            let result = rig.tool("unified_completion", arguments).await;
            let known = effort.as_str().is_none_or(|effort| {
                let efforts = &spec.request.efforts;
                efforts.is_empty() || efforts.iter().any(|level| level.as_str() == effort)
            });
            // The simulator refuses whatever the real model refuses.
            assert_eq!(
                result["isError"],
                !known,
                "{} {effort}: {result:#}",
                spec.canonical()
            );
            answered += usize::from(known);
        }
    }
    assert!(answered > 60, "{answered}");
}

#[tokio::test(start_paused = true)]
async fn thinking_gets_room_on_top_of_the_answer() {
    let ask = |effort: &str| json!({"prompt": "hi", "model": "gpt-6-sol", "max_tokens": 200, "reasoning_effort": effort});

    let (none, _) = question(Vendor::OpenAi, ask("none")).await;
    let (medium, answer) = question(Vendor::OpenAi, ask("medium")).await;

    assert_eq!(none["max_completion_tokens"], 200);
    assert_eq!(medium["max_completion_tokens"], 200 + 4_096);
    assert!(answer["tokens_used"]["reasoning"].as_u64().unwrap() > 0);
}

#[tokio::test(start_paused = true)]
async fn a_cut_answer_says_length() {
    for model in ["gpt-6-luna", "claude-haiku-5-5"] {
        let rig = Rig::new();
        let long = format!("say: {}", "word ".repeat(300));

        let answer = rig
            .complete(json!({"prompt": long, "model": model, "max_tokens": 8, "reasoning_effort": "none"}))
            .await;

        assert_eq!(answer["finish_reason"], "length", "{model}");
        assert!(answer["tokens_used"]["output"].as_u64().unwrap() <= 8);
    }
}

#[tokio::test(start_paused = true)]
async fn every_token_that_a_vendor_bills_is_in_one_class_and_in_the_ledger() {
    for (vendor, model) in [
        (Vendor::OpenAi, "gpt-6-sol"),
        (Vendor::Anthropic, "claude-opus-5-5"),
    ] {
        let rig = Rig::new();
        for number in 0..5 {
            let prompt = format!(
                "question {number} {}",
                "about this and that ".repeat(number * 7)
            );
            rig.complete(json!({"prompt": prompt, "model": model, "reasoning_effort": "low"}))
                .await;
        }

        let billed: BilledTokens = rig.simulator.stats(vendor).billed[model];
        let entries = rig.ledger();
        let sum = |class: fn(&ai_gateway::domain::TokenUsage) -> u64| -> u64 {
            entries.iter().map(|entry| class(&entry.usage.tokens)).sum()
        };
        assert_eq!(sum(|tokens| tokens.input), billed.input, "{model}");
        assert_eq!(
            sum(|tokens| tokens.cache_read),
            billed.cache_read,
            "{model}"
        );
        assert_eq!(
            sum(|tokens| tokens.cache_write_5m),
            billed.cache_write,
            "{model}"
        );
        assert_eq!(
            sum(|tokens| tokens.cache_write_1h),
            billed.cache_write_1h,
            "{model}"
        );
        assert_eq!(sum(|tokens| tokens.output), billed.output, "{model}");
        assert_eq!(sum(|tokens| tokens.reasoning), billed.reasoning, "{model}");
        assert!(billed.reasoning > 0 && billed.cache_read > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_local_server_needs_no_key_and_no_price() {
    let rig = Rig::with(&[
        ("LOCAL_OPENAI_BASE_URL", "http://127.0.0.1:1/openai/v1"),
        ("LOCAL_OPENAI_MODEL", "tiny-model"),
        ("OPENAI_API_KEY", ""),
        ("ANTHROPIC_API_KEY", ""),
    ]);

    let result = rig
        .tool(
            "unified_completion",
            json!({"prompt": "hi", "temperature": 2, "seed": 1}),
        )
        .await;

    // The simulator plays OpenAI, which knows no such model; what counts here
    // is the question.
    let error = &result["structuredContent"]["error"];
    assert_eq!(error["attempts"][0]["provider"], "local", "{result:#}");
    let question = rig.last_question(Vendor::OpenAi);
    assert_eq!(question["model"], "tiny-model");
    assert_eq!(question["max_tokens"], 1000);
    assert_eq!(question["temperature"], 2.0);
    assert_eq!(
        rig.simulator.requests(Vendor::OpenAi)[0].header("authorization"),
        None
    );
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_the_assistant_opens_is_answered_by_every_vendor() {
    let rig = Rig::new();
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": "Hello, how can I help?"},
        {"role": "user", "content": "say: so"},
    ]);
    for model in ["gpt-6-luna", "claude-haiku-5-5"] {
        let answer = rig
            .complete(json!({"messages": messages, "model": model}))
            .await;

        assert_eq!(answer["text"], "so", "{model}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dated_name_in_the_answer_is_priced_as_the_model_that_was_asked() {
    let rig = Rig::new();

    let answer = rig
        .complete(json!({"prompt": "hi", "model": "claude-haiku-4-5"}))
        .await;

    assert_eq!(answer["model"], "claude-haiku-4-5-20251001");
    assert!(answer["cost"].as_f64().unwrap() > 0.0);
}
