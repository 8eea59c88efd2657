//! What Anthropic refuses, and how.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::{self, changed};

pub(crate) fn base() -> Value {
    client::question(Vendor::Anthropic, "hi")
}

/// A change to a good request, and the beginning of the message it earns.
pub(crate) type Case = (Value, &'static str);

pub(crate) async fn assert_refused(base: Value, cases: Vec<Case>) {
    let simulator = Simulator::new(1);
    let accepted = client::complete(&simulator, Vendor::Anthropic, &base)
        .await
        .unwrap();
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    for (changes, message) in cases {
        let body = changed(&base, &changes);

        let answer = client::complete(&simulator, Vendor::Anthropic, &body)
            .await
            .unwrap();

        let error = answer.json();
        assert_eq!(answer.status, 400, "{changes}: {error}");
        assert_eq!(error["type"], "error");
        assert_eq!(error["error"]["type"], "invalid_request_error");
        let found = error["error"]["message"].as_str().unwrap();
        assert!(found.starts_with(message), "{changes}: {found}");
        assert_eq!(error["request_id"].as_str(), answer.header("request-id"));
    }
}

pub(crate) fn said(content: Value) -> Value {
    json!({"messages": [{"role": "user", "content": content}]})
}

#[tokio::test(start_paused = true)]
async fn documents_that_do_not_fit() {
    assert_refused(
        base(),
        vec![
            (json!({"model": null}), "model: Field required"),
            (json!({"max_tokens": null}), "max_tokens: Field required"),
            (json!({"messages": null}), "messages: Field required"),
            (
                json!({"messages": []}),
                "messages: at least one message is required",
            ),
            (json!({"seed": 1}), "seed: Extra inputs are not permitted"),
            (
                json!({"workspace_id": "w"}),
                "workspace_id: Extra inputs are not permitted",
            ),
            (
                json!({"max_tokens": "5"}),
                "max_tokens: Input should be a valid integer",
            ),
            (
                json!({"max_tokens": 0}),
                "max_tokens: Input should be greater than or equal to 1",
            ),
            (
                json!({"max_tokens": 128_001}),
                "max_tokens: 128001 > 128000, which is the maximum",
            ),
            (
                json!({"messages": [{"role": "user", "content": "hi", "name": "x"}]}),
                "messages.0.name: Extra inputs are not permitted",
            ),
            (
                json!({"messages": [{"role": "system", "content": "hi"}]}),
                "messages: Unexpected role \"system\"",
            ),
            (
                json!({"messages": [{"role": "tool", "content": "hi"}]}),
                "messages.0.role: Input should be 'user' or 'assistant'",
            ),
            (
                json!({"messages": [{"role": "assistant", "content": "hi"}]}),
                "messages: first message must use the \"user\" role",
            ),
            (
                said(json!("")),
                "messages.0: user messages must have non-empty content",
            ),
            (
                said(json!([])),
                "messages.0: user messages must have non-empty content",
            ),
            (
                said(json!([{"type": "text", "text": ""}])),
                "messages: text content blocks must be non-empty",
            ),
            (
                said(json!([{"type": "text", "text": "a", "y": 1}])),
                "messages.0.content.0.text.y: Extra inputs are not permitted",
            ),
            (
                said(json!([{"type": "image_url", "image_url": {"url": "https://a/b"}}])),
                "messages.0.content.0: Input tag 'image_url' found using 'type'",
            ),
            (
                said(
                    json!([{"type": "image", "source": {"type": "base64", "data": "aGk=",
                    "media_type": "image/bmp"}}]),
                ),
                "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg'",
            ),
            (
                json!({"stop_sequences": [" "]}),
                "stop_sequences: each stop sequence must contain",
            ),
            (
                json!({"stream": "yes"}),
                "stream: Input should be a valid boolean",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn sampling_where_the_model_does_not_take_it() {
    let older = json!({"model": "claude-haiku-4-5"});
    let with = |changes: Value| changed(&older, &changes);
    assert_refused(
        base(),
        vec![
            (
                json!({"temperature": 1}),
                "`temperature` is deprecated for this model.",
            ),
            (
                json!({"top_p": 0.5}),
                "`top_p` is deprecated for this model.",
            ),
            (json!({"top_k": 5}), "`top_k` is deprecated for this model."),
            (
                with(json!({"temperature": 0.5, "top_p": 0.5})),
                "`temperature` and `top_p` cannot both",
            ),
            (
                json!({"model": "claude-sonnet-4-6", "temperature": 0.5, "top_p": 0.5}),
                "`temperature` and `top_p` cannot both",
            ),
            (
                with(json!({"temperature": 1.5})),
                "temperature: Input should be less than or equal to 1",
            ),
            (
                json!({"model": "claude-sonnet-4-6", "temperature": 0.5,
                    "thinking": {"type": "adaptive"}}),
                "`temperature` may only be set to 1 when thinking is enabled",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_newer_version_knows_no_sampling() {
    let simulator = Simulator::new(1);
    for (version, status) in [("2023-06-01", 200), ("2026-10-21", 400)] {
        let body = changed(
            &base(),
            &json!({"model": "claude-haiku-4-5", "temperature": 0.5}),
        );
        let request = http::Request::post("/anthropic/v1/messages")
            .header("content-type", "application/json")
            .header("authorization", "Bearer sk-test")
            .header("anthropic-version", version)
            .body(Body::from(body.to_string()))
            .unwrap();

        let answer = client::send(&simulator, request).await.unwrap();

        assert_eq!(answer.status, status, "{}", answer.text());
        if status == 400 {
            let message = "temperature: Extra inputs are not permitted";
            assert_eq!(answer.at("/error/message"), message);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn thinking_where_the_model_does_not_think_so() {
    let budget = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
    let on = |model: &str, changes: Value| changed(&json!({"model": model}), &changes);
    assert_refused(
        base(),
        vec![
            (
                json!({"thinking": budget(2_000)}),
                "\"thinking.type.enabled\" is not supported",
            ),
            (
                on("claude-opus-5-5", json!({"thinking": {"type": "disabled"}})),
                "\"thinking.type.disabled\" is not supported",
            ),
            (
                on(
                    "claude-haiku-4-5",
                    json!({"thinking": {"type": "adaptive"}}),
                ),
                "adaptive thinking is not supported on this model",
            ),
            (
                on("claude-haiku-4-5", json!({"thinking": budget(1_000)})),
                "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
            ),
            (
                on("claude-haiku-4-5", json!({"thinking": budget(1_024)})),
                "`max_tokens` must be greater than `thinking.budget_tokens`.",
            ),
            (
                on(
                    "claude-haiku-4-5",
                    json!({"output_config": {"effort": "low"}}),
                ),
                "This model does not support the effort parameter.",
            ),
            (
                on(
                    "claude-sonnet-4-6",
                    json!({"output_config": {"effort": "xhigh"}}),
                ),
                "This model does not support effort level 'xhigh'.",
            ),
            (
                json!({"output_config": {"effort": "none"}}),
                "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
            ),
            (
                json!({"output_config": {"format": {"type": "json_schema",
                    "schema": {"type": "object"}}}}),
                "output_config.format.schema: For 'object' type",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn requests_that_never_reach_a_model() {
    let simulator = Simulator::new(1);
    let good = base().to_string();
    let bare =
        || http::Request::post("/anthropic/v1/messages").header("content-type", "application/json");
    let request = |method, path| client::request(Vendor::Anthropic, method, path);
    let messages = "/v1/messages";
    let unknown = changed(&base(), &json!({"model": "claude-3-opus"})).to_string();
    let cases = [
        (bare(), good.clone(), 401, "authentication_error"),
        (
            bare().header("x-api-key", "bad"),
            good.clone(),
            401,
            "authentication_error",
        ),
        (
            bare()
                .header("x-api-key", "bad")
                .header("authorization", "Bearer good"),
            good.clone(),
            401,
            "authentication_error",
        ),
        (
            bare().header("x-api-key", "k"),
            good.clone(),
            400,
            "invalid_request_error",
        ),
        (
            bare()
                .header("x-api-key", "k")
                .header("anthropic-version", "2024-01-01"),
            good.clone(),
            400,
            "invalid_request_error",
        ),
        (
            request(Method::POST, messages),
            unknown,
            404,
            "not_found_error",
        ),
        (
            request(Method::POST, "/v1/complete"),
            good.clone(),
            404,
            "not_found_error",
        ),
        (
            request(Method::POST, "/messages"),
            good.clone(),
            404,
            "not_found_error",
        ),
        (
            request(Method::PUT, messages),
            good,
            405,
            "invalid_request_error",
        ),
        (
            request(Method::POST, messages),
            "{".to_owned(),
            400,
            "invalid_request_error",
        ),
        (
            request(Method::POST, messages),
            "x".repeat((32 << 20) + 1),
            413,
            "request_too_large",
        ),
    ];
    for (request, body, status, kind) in cases {
        let request = request.body(Body::from(body)).unwrap();

        let answer = client::send(&simulator, request).await.unwrap();

        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.at("/error/type"), kind, "{}", answer.text());
    }
    assert_eq!(simulator.stats(Vendor::Anthropic).refused, 11);
}

#[tokio::test(start_paused = true)]
async fn counting_knows_only_what_a_prompt_has() {
    let simulator = Simulator::new(1);
    let count = |body: Value| {
        let request = client::request(Vendor::Anthropic, Method::POST, "/v1/messages/count_tokens");
        client::send(
            &simulator,
            request.body(Body::from(body.to_string())).unwrap(),
        )
    };
    let prompt = changed(&base(), &json!({"max_tokens": null}));

    let counted = count(prompt.clone()).await.unwrap();
    let refused = count(changed(&prompt, &json!({"max_tokens": 5})))
        .await
        .unwrap();

    assert_eq!(counted.json(), json!({"input_tokens": 5}));
    assert_eq!(
        refused.at("/error/message"),
        "max_tokens: Extra inputs are not permitted"
    );
}
