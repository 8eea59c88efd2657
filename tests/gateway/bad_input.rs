//! What callers get wrong: each mistake gets an error that names it, and the
//! gateway goes on.

use serde_json::{Value, json};
use vendor_sim::Vendor;

use crate::support::{Rig, VENDORS};

/// Arguments of `unified_completion`, and what the error must say.
fn mistakes() -> Vec<(Value, &'static str)> {
    let with = |more: Value| {
        let mut arguments = json!({"prompt": "hi"});
        arguments
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        arguments
    };
    let wish = |more: Value| with(json!({"requirements": more}));
    let turns = |messages: Value| json!({"messages": messages});
    vec![
        (json!({}), "prompt is missing"),
        (json!({"prompt": null}), "prompt is missing"),
        (json!({"prompt": ""}), "prompt is empty"),
        (json!({"prompt": " \n\t"}), "prompt is empty"),
        (json!({"prompt": 5}), "prompt"),
        (json!({"prompt": ["a"]}), "prompt"),
        (with(json!({"explain": "very ".repeat(10_000)})), "explain"),
        (with(json!({"x".repeat(10_000): 1})), "unknown field"),
        (
            with(json!({"messages": [{"role": "user", "content": "a"}]})),
            "exclude each other",
        ),
        (turns(json!([])), "messages is empty"),
        (turns(json!({})), "messages"),
        (turns(json!(["a"])), "messages[0]"),
        (turns(json!([{"role": "user"}])), "content"),
        (turns(json!([{"role": "robot", "content": "a"}])), "role"),
        (
            turns(json!([{"role": "user", "content": ""}])),
            "messages[0].content",
        ),
        (
            turns(json!([{"role": "user", "content": "a", "name": "b"}])),
            "name",
        ),
        (
            turns(json!([{"role": "assistant", "content": "a"}])),
            "role user",
        ),
        (
            turns(json!([{"role": "system", "content": "a"}])),
            "role user",
        ),
        (
            turns(Value::from(vec![
                json!({"role": "user", "content": "a"});
                1_001
            ])),
            "at most 1000",
        ),
        (with(json!({"system": ""})), "system is empty"),
        (with(json!({"model": ""})), "model is empty"),
        (
            with(json!({"model": "nothing-like-it"})),
            "no model is named",
        ),
        (with(json!({"model": "x".repeat(300)})), "model is longer"),
        (with(json!({"model": 4})), "model"),
        (with(json!({"max_tokens": 0})), "max_tokens"),
        (with(json!({"max_tokens": 32_001})), "max_tokens"),
        (with(json!({"max_tokens": -1})), "max_tokens"),
        (with(json!({"max_tokens": 1.5})), "max_tokens"),
        (with(json!({"max_tokens": "many"})), "max_tokens"),
        (with(json!({"max_tokens": 1e30})), "max_tokens"),
        (with(json!({"temperature": 2.1})), "temperature"),
        (with(json!({"temperature": -0.1})), "temperature"),
        (with(json!({"temperature": "hot"})), "temperature"),
        (with(json!({"top_p": 1.01})), "top_p"),
        (with(json!({"seed": 0.5})), "seed"),
        (with(json!({"stop": "x"})), "stop"),
        (
            with(json!({"stop": ["a", "b", "c", "d", "e"]})),
            "stop has 5 items",
        ),
        (with(json!({"stop": [""]})), "stop items"),
        (with(json!({"stop": ["x".repeat(257)]})), "stop items"),
        (
            with(json!({"reasoning_effort": "extreme"})),
            "reasoning_effort",
        ),
        (with(json!({"timeout_ms": 0})), "timeout_ms"),
        (with(json!({"timeout_ms": 600_001})), "timeout_ms"),
        (with(json!({"timeout_ms": -5})), "timeout_ms"),
        (with(json!({"cache_mode": "always"})), "cache_mode"),
        (with(json!({"cache_enabled": "yes"})), "cache_enabled"),
        (with(json!({"route_only": 1})), "route_only"),
        (with(json!({"tempreture": 1})), "tempreture"),
        (with(json!({"requirements": []})), "requirements"),
        (wish(json!({"speed": true})), "speed"),
        (wish(json!({"low_cost": "very"})), "low_cost"),
        (wish(json!({"weights": {"quality": -1}})), "weights"),
        (wish(json!({"weights": {}})), "weights"),
        (
            wish(json!({"weights": {"quality": 0, "cost": 0}})),
            "weights",
        ),
        (wish(json!({"weights": {"beauty": 1}})), "beauty"),
        (wish(json!({"task_type": "poetry"})), "task_type"),
        (wish(json!({"max_cost_usd": 0})), "max_cost_usd"),
        (wish(json!({"max_cost_usd": -1})), "max_cost_usd"),
        (wish(json!({"max_cost_usd": 1e300})), "max_cost_usd"),
        (wish(json!({"max_latency_ms": 0})), "max_latency_ms"),
        (wish(json!({"min_quality": 1.5})), "min_quality"),
        (wish(json!({"providers": "openai"})), "providers"),
        (wish(json!({"providers": ["opnai"]})), "opnai"),
        (wish(json!({"providers": vec!["openai"; 17]})), "at most 16"),
        (wish(json!({"failover_enabled": "no"})), "failover_enabled"),
    ]
}

#[tokio::test(start_paused = true)]
async fn each_mistake_is_named_and_reaches_no_vendor() {
    let rig = Rig::new();
    let mistakes = mistakes();
    let number = mistakes.len();
    assert!(number >= 40);

    for (arguments, says) in mistakes {
        let shown: String = arguments.to_string().chars().take(120).collect();
        let error = rig.refused(arguments).await;

        assert_eq!(
            error["type"], "caller_invalid_request",
            "{shown}: {error:#}"
        );
        assert_eq!(error["retryable"], false);
        assert_eq!(error["attempts"], json!([]));
        assert!(error["request_id"].as_str().unwrap().starts_with("req_"));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(says), "{shown}: {message}");
        assert!(message.len() < 1_000, "{shown}: {message}");
    }
    assert!(VENDORS.into_iter().all(|vendor| rig.asked(vendor) == 0));
    let metrics = rig.get("/metrics").await.text;
    let counted = format!(r#"gateway_calls_total{{outcome="caller_invalid_request"}} {number}"#);
    assert!(metrics.contains(&counted), "{metrics}");
    let answer = rig.complete(json!({"prompt": "say: still here"})).await;
    assert_eq!(answer["text"], "still here");
}

#[tokio::test(start_paused = true)]
async fn null_counts_as_absent_everywhere() {
    let rig = Rig::new();

    let answer = rig
        .complete(json!({
            "prompt": "say: ok", "messages": null, "system": null, "model": null, "max_tokens": null,
            "temperature": null, "top_p": null, "reasoning_effort": null, "stop": null, "seed": null,
            "stream": null, "cache_enabled": null, "cache_mode": null, "timeout_ms": null,
            "route_only": null, "explain": null,
            "requirements": {
                "low_latency": null, "low_cost": null, "high_quality": null, "weights": null,
                "task_type": null, "max_cost_usd": null, "max_latency_ms": null, "min_quality": null,
                "providers": null, "cache_enabled": null, "failover_enabled": null,
            },
        }))
        .await;

    assert_eq!(answer["text"], "ok");
}

#[tokio::test(start_paused = true)]
async fn strange_texts_go_through_untouched() {
    let rig = Rig::new();
    for text in [
        "{{7*7}} ${HOME} %s \\u0000",
        "\u{0}\u{1}\u{7f}",
        "'; DROP TABLE ledger; --",
        "<script>alert(1)</script>",
        "👩‍👩‍👧‍👦 e\u{301} \u{202e}abc",
        "data: [DONE]\n\nevent: error",
    ] {
        let prompt = format!("say: {text}");
        let answer = rig
            .complete(json!({"prompt": prompt, "model": "gpt-6-luna"}))
            .await;

        assert_eq!(answer["text"], text);
        let question = rig.last_question(Vendor::OpenAi);
        assert_eq!(question["messages"][0]["content"], prompt);
    }
}

#[tokio::test(start_paused = true)]
async fn the_other_tools_take_no_arguments_and_say_so() {
    let rig = Rig::new();
    for tool in ["get_provider_status", "health_check"] {
        let result = rig.tool(tool, json!({"verbose": true})).await;

        assert_eq!(result["isError"], true);
        let error = &result["structuredContent"]["error"];
        assert_eq!(error["type"], "caller_invalid_request");
        assert!(
            error["message"].as_str().unwrap().contains("verbose"),
            "{error}"
        );
    }
}
