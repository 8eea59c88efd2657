//! How Anthropic answers.

use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::{self, Answer, changed};

async fn ask(changes: Value) -> Answer {
    let body = changed(
        &client::question(Vendor::Anthropic, "say: hello there"),
        &changes,
    );
    let answer = client::complete(&Simulator::new(1), Vendor::Anthropic, &body)
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

#[tokio::test(start_paused = true)]
async fn a_message_has_every_member() {
    let answer = ask(json!({})).await;

    let mut document = answer.json();
    let id = document["id"].take();
    let expected = json!({
        "id": null,
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": [{"type": "text", "text": "hello there", "citations": null}],
        "stop_reason": "end_turn",
        "stop_sequence": null,
        "stop_details": null,
        "container": null,
        "usage": {
            "input_tokens": 5,
            "cache_read_input_tokens": 2,
            "cache_creation_input_tokens": 1,
            "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 3,
            "output_tokens_details": {"thinking_tokens": 0},
            "server_tool_use": null,
            "service_tier": "standard",
            "inference_geo": "global",
        },
    });
    assert_eq!(document, expected);
    assert!(id.as_str().unwrap().starts_with("msg_01"));
}

#[tokio::test(start_paused = true)]
async fn the_limits_are_in_the_headers() {
    let answer = ask(json!({})).await;

    assert_eq!(
        answer.header("anthropic-ratelimit-requests-limit"),
        Some("4000")
    );
    assert_eq!(
        answer.header("anthropic-ratelimit-requests-remaining"),
        Some("3998")
    );
    assert_eq!(
        answer.header("anthropic-ratelimit-requests-reset"),
        Some("2026-11-22T00:00:01Z")
    );
    assert_eq!(
        answer.header("anthropic-ratelimit-output-tokens-remaining"),
        Some("399997")
    );
    assert!(answer.header("request-id").unwrap().starts_with("req_01"));
}

#[tokio::test(start_paused = true)]
async fn thoughts_come_first_and_are_counted() {
    let answer = ask(json!({"model": "claude-opus-5-5", "max_tokens": 5_000,
        "output_config": {"effort": "low"}}))
    .await;

    let tokens = answer
        .at("/usage/output_tokens_details/thinking_tokens")
        .as_u64()
        .unwrap();
    assert!((64..=80).contains(&tokens));
    assert_eq!(answer.at("/usage/output_tokens"), tokens + 3);
    assert_eq!(answer.at("/content/0/type"), "thinking");
    assert_eq!(answer.at("/content/0/thinking"), "");
    assert_eq!(answer.at("/content/1/text"), "hello there");
}

#[tokio::test(start_paused = true)]
async fn thoughts_may_be_sent_back() {
    let thinking = json!({"type": "adaptive", "display": "summarized"});
    let first = ask(json!({"thinking": thinking, "max_tokens": 5_000})).await;
    let history = json!([
        {"role": "user", "content": "say: hello there"},
        {"role": "assistant", "content": first.at("/content")},
        {"role": "user", "content": "say: again"},
    ]);

    let second = ask(json!({"thinking": thinking, "max_tokens": 5_000, "messages": history})).await;

    assert!(
        first
            .at("/content/0/thinking")
            .as_str()
            .unwrap()
            .starts_with("The question")
    );
    assert_eq!(second.at("/content/1/text"), "again");
}

#[tokio::test(start_paused = true)]
async fn the_limit_and_stop_sequences_are_honoured() {
    let cut = ask(json!({"max_tokens": 1})).await;
    let starved = ask(json!({"model": "claude-opus-5-5"})).await;
    let stopped = ask(json!({"stop_sequences": ["x", " th"]})).await;

    assert_eq!(cut.at("/content/0/text"), "hell");
    assert_eq!(cut.at("/stop_reason"), "max_tokens");
    assert_eq!(starved.at("/stop_reason"), "max_tokens");
    assert_eq!(starved.at("/content/1"), Value::Null);
    assert_eq!(starved.at("/usage/output_tokens"), 1_000);
    assert_eq!(stopped.at("/content/0/text"), "hello");
    assert_eq!(stopped.at("/stop_reason"), "stop_sequence");
    assert_eq!(stopped.at("/stop_sequence"), " th");
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_called_with_its_input_as_an_object() {
    let tools = json!([{"name": "add", "input_schema": {"type": "object"}}]);
    let prompt = json!({"role": "user", "content": "call tool add {\"a\": 1}"});

    let answer = ask(json!({"tools": tools, "messages": [prompt]})).await;

    assert_eq!(answer.at("/content/0/name"), "add");
    assert_eq!(answer.at("/content/0/input"), json!({"a": 1}));
    assert_eq!(answer.at("/stop_reason"), "tool_use");
    let result = json!([{"type": "tool_result", "tool_use_id": answer.at("/content/0/id"),
        "content": "2"}]);
    let after = json!([prompt, {"role": "assistant", "content": answer.at("/content")},
        {"role": "user", "content": result}]);
    let next = ask(json!({"tools": tools, "messages": after})).await;
    assert_eq!(next.at("/stop_reason"), "end_turn");
}

#[tokio::test(start_paused = true)]
async fn an_hour_in_the_cache_is_counted_apart() {
    let content = json!([{"type": "text", "text": "say: hello there",
        "cache_control": {"type": "ephemeral", "ttl": "1h"}}]);

    let answer = ask(json!({"messages": [{"role": "user", "content": content}]})).await;

    assert_eq!(
        answer.at("/usage/cache_creation/ephemeral_1h_input_tokens"),
        1
    );
    assert_eq!(
        answer.at("/usage/cache_creation/ephemeral_5m_input_tokens"),
        0
    );
    assert_eq!(answer.at("/usage/cache_creation_input_tokens"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dated_name_answers_for_its_alias() {
    let answer = ask(json!({"model": "claude-haiku-4-5", "temperature": 0.5})).await;

    assert_eq!(answer.at("/model"), "claude-haiku-4-5-20251001");
}
