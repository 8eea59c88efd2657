//! What Groq refuses, and how.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::{self, changed};

fn base() -> Value {
    json!({"model": "openai/gpt-oss-20b", "messages": [{"role": "user", "content": "hi"}]})
}

/// A change to a good request, the status and the code that it earns, and a
/// piece of the message.
type Case = (Value, u16, Value, &'static str);

async fn assert_refused(base: Value, cases: Vec<Case>) {
    let simulator = Simulator::new(1);
    let accepted = client::complete(&simulator, Vendor::Groq, &base)
        .await
        .unwrap();
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    for (changes, status, code, words) in cases {
        let body = changed(&base, &changes);

        let answer = client::complete(&simulator, Vendor::Groq, &body)
            .await
            .unwrap();

        let error = answer.at("/error");
        assert_eq!(answer.status, status, "{changes}: {error}");
        assert_eq!(error["code"], code, "{changes}: {error}");
        assert!(error["type"].is_string(), "{changes}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(words), "{changes}: {message}");
    }
}

fn invalid(changes: Value, words: &'static str) -> Case {
    (changes, 400, Value::Null, words)
}

#[tokio::test(start_paused = true)]
async fn documents_that_do_not_fit() {
    let message = |message: Value| json!({"messages": [message]});
    assert_refused(
        base(),
        vec![
            invalid(json!({"model": null}), "property 'model' is missing"),
            invalid(json!({"messages": null}), "property 'messages' is missing"),
            invalid(json!({"messages": []}), "minimum number of items is 1"),
            invalid(
                json!({"random_seed": 1}),
                "property 'random_seed' is unsupported",
            ),
            // In no request type of its SDK.
            invalid(
                json!({"stream_options": {"include_usage": true}}),
                "'stream_options' is unsupported",
            ),
            invalid(json!({"seed": "x"}), "'seed' : value must be an integer"),
            invalid(
                message(json!({"role": "robot", "content": "x"})),
                "role must be one of",
            ),
            invalid(
                message(json!({"role": "user"})),
                "'messages.0' : property 'content' is missing",
            ),
            invalid(
                message(json!({"role": "user", "content": "x", "y": 1})),
                "property 'y' is unsupported",
            ),
            // Members that are null are refused in an assistant's message.
            invalid(
                json!({"messages": [{"role": "assistant", "content": "x", "tool_calls": null},
                    {"role": "user", "content": "x"}]}),
                "'messages.0.tool_calls'",
            ),
            invalid(
                message(json!({"role": "user", "content": [
                    {"type": "image_url", "image_url": {"url": "https://a/b.png"}}]})),
                "must be a string for this model",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_the_type_has_and_the_vendor_does_not_take() {
    let given = [
        json!({"logprobs": true}),
        json!({"top_logprobs": 1}),
        json!({"logit_bias": {"1": 1}}),
        json!({"frequency_penalty": 0.5}),
        json!({"presence_penalty": 0.5}),
        json!({"metadata": {"a": "b"}}),
        json!({"store": false}),
    ];
    let cases = given.map(|changes| invalid(changes, "is not supported with this model"));
    assert_refused(base(), cases.into()).await;
}

#[tokio::test(start_paused = true)]
async fn values_out_of_range() {
    assert_refused(
        base(),
        vec![
            invalid(json!({"temperature": 2.1}), "between 0 and 2"),
            invalid(json!({"temperature": -0.1}), "between 0 and 2"),
            invalid(json!({"top_p": 1.1}), "between 0 and 1"),
            invalid(json!({"n": 2}), "at most 1"),
            invalid(
                json!({"stop": ["a", "b", "c", "d", "e"]}),
                "maximum number of items is 4",
            ),
            invalid(json!({"stop": [1]}), "'stop.0'"),
            invalid(json!({"max_tokens": 0}), "at least 1"),
            invalid(
                json!({"max_completion_tokens": 65_537}),
                "less than or equal to `65536`",
            ),
            invalid(
                json!({"max_tokens": 9, "max_completion_tokens": 9}),
                "cannot be used together",
            ),
            invalid(json!({"service_tier": "scale"}), "must be one of"),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn thinking_that_a_model_does_not_have() {
    let qwen = changed(&base(), &json!({"model": "qwen/qwen3.8-27b"}));
    assert_refused(
        base(),
        vec![
            invalid(
                json!({"reasoning_effort": "none"}),
                "one of `low`, `medium`, `high`",
            ),
            invalid(json!({"reasoning_effort": "default"}), "one of `low`"),
            invalid(json!({"reasoning_effort": "max"}), "must be one of"),
            invalid(
                json!({"reasoning_format": "hidden"}),
                "`reasoning_format` is not supported",
            ),
        ],
    )
    .await;
    assert_refused(
        qwen,
        vec![
            invalid(
                json!({"reasoning_format": "hidden", "include_reasoning": false}),
                "cannot be used together",
            ),
            invalid(
                json!({"reasoning_format": "raw", "response_format": {"type": "json_object"},
                    "messages": [{"role": "user", "content": "json"}]}),
                "`raw` cannot be used",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn tools_and_formats_that_do_not_fit() {
    let tool = |function: Value| json!({"tools": [{"type": "function", "function": function}]});
    let add = json!({"tools": [{"type": "function", "function": {"name": "add"}}]});
    assert_refused(
        base(),
        vec![
            invalid(tool(json!({"name": "a b"})), "does not match the pattern"),
            invalid(
                tool(json!({"name": "a", "parameters": {"type": "array"}})),
                "`type` must be object",
            ),
            invalid(
                json!({"tool_choice": "required"}),
                "no tools were specified",
            ),
            invalid(
                json!({"tools": add["tools"], "tool_choice":
                    {"type": "function", "function": {"name": "sub"}}}),
                "`sub` not found in request.tools",
            ),
            invalid(
                json!({"response_format": {"type": "json_object"}}),
                "must contain the word 'json'",
            ),
            invalid(
                json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}),
                "property 'schema' is missing",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn dialogues_with_calls_left_open() {
    let call = json!({"role": "assistant", "tool_calls": [{"id": "c1", "type": "function",
        "function": {"name": "add", "arguments": "{}"}}]});
    let user = json!({"role": "user", "content": "hi"});
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "3"});
    assert_refused(
        base(),
        vec![
            invalid(
                json!({"messages": [user, call, user]}),
                "without a result before this: c1",
            ),
            invalid(
                json!({"messages": [user, call]}),
                "without a result before this: c1",
            ),
            invalid(
                json!({"messages": [user, call, result("c2")]}),
                "no tool call",
            ),
            invalid(json!({"messages": [result("c1")]}), "no tool call"),
            invalid(
                json!({"messages": [user, {"role": "assistant", "tool_calls":
                    [call["tool_calls"][0], call["tool_calls"][0]]}, result("c1")]}),
                "each id must be unique",
            ),
            invalid(
                json!({"messages": [{"role": "assistant"}, user]}),
                "one of 'content'",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn models_that_are_gone_or_never_were() {
    assert_refused(
        base(),
        vec![
            (
                json!({"model": "gpt-oss-20b"}),
                404,
                json!("model_not_found"),
                "does not exist",
            ),
            (
                json!({"model": "llama-3.1-8b-instant"}),
                400,
                json!("model_decommissioned"),
                "has been decommissioned",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_counts_against_the_plan() {
    let simulator = Simulator::new(1);
    simulator.set_groq_tokens_per_minute(8_000);
    let ask = async |limit: Value| {
        let body = changed(&base(), &json!({ "max_completion_tokens": limit }));
        client::complete(&simulator, Vendor::Groq, &body)
            .await
            .unwrap()
    };

    let modest = ask(json!(7_000)).await;
    let unlimited = ask(Value::Null).await;
    let greedy = ask(json!(32_000)).await;

    assert_eq!(
        (modest.status.as_u16(), unlimited.status.as_u16()),
        (200, 200)
    );
    assert_eq!(modest.header("x-ratelimit-limit-tokens"), Some("8000"));
    assert_eq!(greedy.status, 413);
    assert_eq!(greedy.at("/error/code"), "rate_limit_exceeded");
    assert_eq!(greedy.at("/error/type"), "tokens");
    let message = greedy.at("/error/message");
    assert!(
        message
            .as_str()
            .unwrap()
            .contains("Limit 8000, Requested 32005"),
        "{message}"
    );
    assert_eq!(greedy.header("retry-after"), None);
}

#[tokio::test(start_paused = true)]
async fn a_strict_schema_must_be_closed() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let format = |strict: bool| {
        json!({"response_format": {"type": "json_schema", "json_schema":
            {"name": "a", "schema": schema, "strict": strict}}})
    };
    let loose = changed(&base(), &format(false));

    assert_refused(
        loose,
        vec![invalid(format(true), "'additionalProperties' is required")],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn refusals_tell_the_limits_too() {
    let simulator = Simulator::new(1);
    let body = changed(&base(), &json!({"n": 2}));

    let refused = client::complete(&simulator, Vendor::Groq, &body)
        .await
        .unwrap();
    let list = client::get(&simulator, Vendor::Groq, "/openai/v1/models").await;

    for answer in [refused, list] {
        assert_eq!(answer.header("x-ratelimit-limit-tokens"), Some("250000"));
    }
}

#[tokio::test(start_paused = true)]
async fn prompts_that_are_too_long() {
    let simulator = Simulator::new(1);
    simulator.set_groq_tokens_per_minute(u64::MAX);
    let long = "word".repeat(131_073);
    let body = changed(
        &base(),
        &json!({"messages": [{"role": "user", "content": long}]}),
    );

    let answer = client::complete(&simulator, Vendor::Groq, &body)
        .await
        .unwrap();

    assert_eq!(answer.status, 400);
    assert_eq!(answer.at("/error/code"), "context_length_exceeded");

    // What is asked for has to fit beside the prompt.
    let half = "word".repeat(100_000);
    let body = changed(
        &base(),
        &json!({"messages": [{"role": "user", "content": half}], "max_tokens": 40_000}),
    );
    let answer = client::complete(&simulator, Vendor::Groq, &body)
        .await
        .unwrap();
    assert_eq!(answer.at("/error/code"), "context_length_exceeded");
}

#[tokio::test(start_paused = true)]
async fn other_places_and_other_keys() {
    let simulator = Simulator::new(1);
    let send = async |path: &str, method: Method, key: &str| {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("/groq{path}"))
            .header("authorization", format!("Bearer {key}"))
            .body(Body::from(base().to_string()))
            .unwrap();
        client::send(&simulator, request).await.unwrap()
    };
    let chat = "/openai/v1/chat/completions";

    for path in [
        "/v1/chat/completions",
        "/openai/v1/completions",
        "/openai/chat/completions",
    ] {
        let answer = send(path, Method::POST, "k").await;
        assert_eq!(
            (answer.status.as_u16(), answer.at("/error/code")),
            (404, json!("unknown_url"))
        );
    }
    assert_eq!(send(chat, Method::GET, "k").await.status, 404);
    for key in ["", "bad-1"] {
        let answer = send(chat, Method::POST, key).await;
        assert_eq!(answer.at("/error/code"), "invalid_api_key", "{key:?}");
        assert_eq!(answer.status, 401);
    }
}
