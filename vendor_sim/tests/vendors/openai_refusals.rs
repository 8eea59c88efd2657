//! What OpenAI refuses, and how.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::{self, changed};

pub(crate) fn base() -> Value {
    json!({"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hi"}]})
}

/// A change to a good request, and the `status`, `code` and `param` it earns.
pub(crate) type Case = (Value, u16, Value, Value);

pub(crate) async fn assert_refused(base: Value, cases: Vec<Case>) {
    let simulator = Simulator::new(1);
    let accepted = client::complete(&simulator, Vendor::OpenAi, &base)
        .await
        .unwrap();
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    for (changes, status, code, param) in cases {
        let body = changed(&base, &changes);

        let answer = client::complete(&simulator, Vendor::OpenAi, &body)
            .await
            .unwrap();

        let error = answer.at("/error");
        assert_eq!(answer.status, status, "{changes}: {error}");
        assert_eq!(
            (&error["code"], &error["param"]),
            (&code, &param),
            "{changes}: {error}"
        );
        assert_eq!(error["type"], "invalid_request_error", "{changes}: {error}");
        assert!(error["message"].is_string());
        assert!(answer.header("x-request-id").is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn documents_that_do_not_fit() {
    let missing = "missing_required_parameter";
    assert_refused(
        base(),
        vec![
            (json!({"model": null}), 400, json!(missing), json!("model")),
            (
                json!({"messages": null}),
                400,
                json!(missing),
                json!("messages"),
            ),
            (
                json!({"messages": []}),
                400,
                json!("empty_array"),
                json!("messages"),
            ),
            (json!({"random_seed": 1}), 400, Value::Null, Value::Null),
            (
                json!({"model": "gpt-7"}),
                404,
                json!("model_not_found"),
                Value::Null,
            ),
            (
                json!({"user": 5}),
                400,
                json!("invalid_type"),
                json!("user"),
            ),
            (json!({"n": "two"}), 400, json!("invalid_type"), json!("n")),
            (
                json!({"messages": [{"role": "user", "content": "hi", "x": 1}]}),
                400,
                json!("unknown_parameter"),
                json!("messages[0].x"),
            ),
            (
                json!({"messages": [{"role": "robot", "content": "hi"}]}),
                400,
                json!("invalid_value"),
                json!("messages[0].role"),
            ),
            (
                json!({"messages": [{"role": "user"}]}),
                400,
                json!(missing),
                json!("messages[0].content"),
            ),
            (
                json!({"messages": [{"role": "user", "content": null}]}),
                400,
                json!("invalid_type"),
                json!("messages[0].content"),
            ),
            (
                json!({"messages": [{"role": "user", "content": [{"type": "video"}]}]}),
                400,
                json!("invalid_value"),
                json!("messages[0].content[0].type"),
            ),
            (
                json!({"messages": [{"role": "user", "content": [
                    {"type": "image_url", "image_url": {"url": "cat.png"}}]}]}),
                400,
                json!("invalid_value"),
                json!("messages[0].content[0].image_url.url"),
            ),
            (
                json!({"stream_options": {"include_usage": true}}),
                400,
                Value::Null,
                json!("stream_options"),
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn numbers_out_of_range() {
    let base = changed(&base(), &json!({"model": "gpt-4o-mini"}));
    let case = |member: &str, value: Value, code: &str| -> Case {
        (json!({member: value}), 400, json!(code), json!(member))
    };
    assert_refused(
        base,
        vec![
            case("temperature", json!(2.1), "decimal_above_max_value"),
            case("temperature", json!(-0.1), "decimal_below_min_value"),
            case("top_p", json!(1.1), "decimal_above_max_value"),
            case("presence_penalty", json!(-3), "decimal_below_min_value"),
            case("n", json!(0), "integer_below_min_value"),
            case("n", json!(129), "integer_above_max_value"),
            case("max_tokens", json!(0), "integer_below_min_value"),
            case("max_tokens", json!(16_385), "invalid_value"),
            case("max_completion_tokens", json!(16_385), "invalid_value"),
            case(
                "stop",
                json!(["a", "b", "c", "d", "e"]),
                "array_above_max_length",
            ),
            case("stop", json!([]), "empty_array"),
            (
                json!({"max_tokens": 5, "max_completion_tokens": 5}),
                400,
                json!("invalid_parameter_combination"),
                Value::Null,
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn parameters_that_reasoning_models_do_not_take() {
    let unsupported = |member: &str, value: Value| -> Case {
        (
            json!({member: value}),
            400,
            json!("unsupported_parameter"),
            json!(member),
        )
    };
    let wrong_value = |changes: Value, param: &str| -> Case {
        (changes, 400, json!("unsupported_value"), json!(param))
    };
    assert_refused(
        base(),
        vec![
            unsupported("max_tokens", json!(100)),
            unsupported("stop", json!("\n")),
            unsupported("frequency_penalty", json!(0.5)),
            unsupported("presence_penalty", json!(0.5)),
            unsupported("logit_bias", json!({"50256": -100})),
            unsupported("logprobs", json!(true)),
            wrong_value(json!({"temperature": 0.5}), "temperature"),
            wrong_value(json!({"temperature": 1}), "temperature"),
            wrong_value(json!({"top_p": 0.5}), "top_p"),
            wrong_value(
                json!({"temperature": 0.5, "reasoning_effort": "low"}),
                "temperature",
            ),
            wrong_value(json!({"reasoning_effort": "minimal"}), "reasoning_effort"),
            wrong_value(
                json!({"model": "gpt-6-astra", "reasoning_effort": "none"}),
                "reasoning_effort",
            ),
            wrong_value(
                json!({"model": "gpt-6.1-sol", "temperature": 0.5}),
                "temperature",
            ),
            wrong_value(
                json!({"model": "gpt-5.5", "temperature": 0.5}),
                "temperature",
            ),
            wrong_value(
                json!({"model": "gpt-5.4", "reasoning_effort": "max"}),
                "reasoning_effort",
            ),
            (
                json!({"reasoning_effort": "huge"}),
                400,
                json!("invalid_value"),
                json!("reasoning_effort"),
            ),
            (
                json!({"model": "gpt-4.1", "reasoning_effort": "low"}),
                400,
                Value::Null,
                Value::Null,
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn sampling_is_taken_where_the_model_does_not_reason() {
    let simulator = Simulator::new(1);
    for changes in [
        json!({"temperature": 0.5, "top_p": 0.5, "reasoning_effort": "none"}),
        json!({"temperature": 0.5, "model": "gpt-5.4"}),
        json!({"temperature": 2, "stop": ["a", "b"], "max_tokens": 9, "model": "gpt-4.1"}),
    ] {
        let body = changed(&base(), &changes);

        let answer = client::complete(&simulator, Vendor::OpenAi, &body)
            .await
            .unwrap();

        assert_eq!(answer.status, 200, "{changes}: {}", answer.text());
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_never_reach_a_model() {
    let simulator = Simulator::new(1);
    let chat = "/v1/chat/completions";
    let good = base().to_string();
    let with_key = |key: &str| {
        http::Request::post(format!("/openai{chat}"))
            .header("content-type", "application/json")
            .header("authorization", key)
    };
    let request = |method, path| client::request(Vendor::OpenAi, method, path);
    let cases = [
        (
            http::Request::post(format!("/openai{chat}")),
            good.clone(),
            401,
            json!("invalid_api_key"),
        ),
        (
            with_key("Bearer bad-key"),
            good.clone(),
            401,
            json!("invalid_api_key"),
        ),
        (
            with_key("Basic abc"),
            good.clone(),
            401,
            json!("invalid_api_key"),
        ),
        (
            with_key("Bearer "),
            good.clone(),
            401,
            json!("invalid_api_key"),
        ),
        (
            request(Method::GET, chat),
            String::new(),
            405,
            json!("method_not_supported"),
        ),
        (
            request(Method::POST, "/v1/messages"),
            good.clone(),
            404,
            Value::Null,
        ),
        (
            request(Method::POST, "/v1/v1/chat/completions"),
            good.clone(),
            404,
            Value::Null,
        ),
        (
            request(Method::POST, chat),
            "{".to_owned(),
            400,
            Value::Null,
        ),
        (
            request(Method::POST, chat),
            "[]".to_owned(),
            400,
            Value::Null,
        ),
        (
            request(Method::POST, chat),
            "x".repeat(50_000_001),
            413,
            json!("request_too_large"),
        ),
        (
            http::Request::post(format!("/openai{chat}")).header("authorization", "Bearer k"),
            good,
            400,
            json!("unsupported_content_type"),
        ),
    ];
    for (request, body, status, code) in cases {
        let request = request.body(Body::from(body)).unwrap();

        let answer = client::send(&simulator, request).await.unwrap();

        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.at("/error/code"), code, "{}", answer.text());
    }
    assert_eq!(simulator.stats(Vendor::OpenAi).refused, 11);
}
