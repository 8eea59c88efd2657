//! How OpenAI answers.

use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::{self, Answer, changed};

async fn ask(changes: Value) -> Answer {
    let body = changed(
        &client::question(Vendor::OpenAi, "say: hello there"),
        &changes,
    );
    let answer = client::complete(&Simulator::new(1), Vendor::OpenAi, &body)
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

#[tokio::test(start_paused = true)]
async fn a_completion_has_every_member() {
    let answer = ask(json!({})).await;

    let mut document = answer.json();
    let id = document["id"].take();
    let expected = json!({
        "id": null,
        "object": "chat.completion",
        "created": 1_795_305_600,
        "model": "gpt-6-luna",
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": "hello there", "refusal": null,
                "annotations": []},
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": 8,
            "completion_tokens": 3,
            "total_tokens": 11,
            "prompt_tokens_details": {"cached_tokens": 2, "audio_tokens": 0,
                "cache_write_tokens": 1},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
        },
    });
    assert_eq!(document, expected);
    assert!(id.as_str().unwrap().starts_with("chatcmpl-"));
}

#[tokio::test(start_paused = true)]
async fn the_limits_are_in_the_headers() {
    let answer = ask(json!({})).await;

    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-ratelimit-limit-requests"), Some("10000"));
    assert_eq!(
        answer.header("x-ratelimit-remaining-requests"),
        Some("9998")
    );
    assert_eq!(answer.header("x-ratelimit-reset-requests"), Some("6ms"));
    assert_eq!(
        answer.header("x-ratelimit-remaining-tokens"),
        Some("1999989")
    );
    assert!(answer.header("x-request-id").unwrap().starts_with("req_"));
}

#[tokio::test(start_paused = true)]
async fn reasoning_is_counted_and_shares_the_limit() {
    let thought = ask(json!({"reasoning_effort": "low"})).await;
    let starved = ask(json!({"reasoning_effort": "low", "max_completion_tokens": 20})).await;
    let cut = ask(json!({"max_completion_tokens": 1})).await;

    let reasoning = "/usage/completion_tokens_details/reasoning_tokens";
    let tokens = thought.at(reasoning).as_u64().unwrap();
    assert!((64..=80).contains(&tokens));
    assert_eq!(thought.at("/usage/completion_tokens"), tokens + 3);
    assert_eq!(thought.at("/choices/0/message/content"), "hello there");
    assert_eq!(starved.at(reasoning), 20);
    assert_eq!(starved.at("/choices/0/message/content"), "");
    assert_eq!(starved.at("/choices/0/finish_reason"), "length");
    assert_eq!(cut.at("/choices/0/message/content"), "hell");
    assert_eq!(cut.at("/choices/0/finish_reason"), "length");
}

#[tokio::test(start_paused = true)]
async fn an_alias_is_answered_by_its_dated_model() {
    let answer = ask(json!({"model": "gpt-4o-mini", "reasoning_effort": null, "stop": "o"})).await;

    assert_eq!(answer.at("/model"), "gpt-4o-mini-2024-07-18");
    assert_eq!(answer.at("/choices/0/message/content"), "hell");
    assert_eq!(answer.at("/choices/0/finish_reason"), "stop");
    assert_eq!(
        answer.at("/usage/prompt_tokens_details/cache_write_tokens"),
        Value::Null
    );
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_called_with_its_arguments_as_text() {
    let tools = json!([{"type": "function", "function": {"name": "add",
        "parameters": {"type": "object"}}}]);
    let prompt = json!([{"role": "user", "content": "call tool add {\"a\": 1}"}]);

    let answer = ask(json!({"tools": tools, "messages": prompt})).await;

    let call = answer.at("/choices/0/message/tool_calls/0");
    assert_eq!(
        call["function"],
        json!({"name": "add", "arguments": "{\"a\":1}"})
    );
    assert_eq!(answer.at("/choices/0/message/content"), Value::Null);
    assert_eq!(answer.at("/choices/0/finish_reason"), "tool_calls");
    let after = json!([
        {"role": "user", "content": "call tool add {\"a\": 1}"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "2"},
    ]);
    let next = ask(json!({"tools": tools, "messages": after})).await;
    assert_eq!(next.at("/choices/0/finish_reason"), "stop");
}

#[tokio::test(start_paused = true)]
async fn a_schema_is_answered_with_an_instance() {
    let schema = json!({"type": "object", "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"], "additionalProperties": false});
    let format = json!({"type": "json_schema", "json_schema": {"name": "a", "strict": true,
        "schema": schema}});
    let prompt = json!([{"role": "user", "content": "is it?"}]);

    let answer = ask(json!({"response_format": format, "messages": prompt})).await;

    assert_eq!(answer.at("/choices/0/message/content"), "{\"ok\":true}");
}

#[tokio::test(start_paused = true)]
async fn several_choices_are_given_and_counted() {
    let prompt = json!([{"role": "user", "content": "hello"}]);
    let answer = ask(json!({"n": 3, "messages": prompt})).await;

    let texts: Vec<_> = (0..3)
        .map(|index| answer.at(&format!("/choices/{index}/message/content")))
        .collect();
    let tokens: u64 = texts
        .iter()
        .map(|text| vendor_sim::token_count(text.as_str().unwrap()))
        .sum();
    assert_eq!(answer.at("/usage/completion_tokens"), tokens);
}

#[tokio::test(start_paused = true)]
async fn the_bill_is_what_the_answers_say() {
    let simulator = Simulator::new(1);
    let body = changed(
        &client::question(Vendor::OpenAi, "say: hello there"),
        &json!({"reasoning_effort": "low"}),
    );

    let answer = client::complete(&simulator, Vendor::OpenAi, &body)
        .await
        .unwrap();

    let stats = simulator.stats(Vendor::OpenAi);
    let billed = stats.billed["gpt-6-luna"];
    assert_eq!(answer.at("/usage/prompt_tokens"), billed.total_input());
    assert_eq!(answer.at("/usage/completion_tokens"), billed.total_output());
    assert_eq!(
        (billed.cache_read, billed.cache_write, billed.output),
        (2, 1, 3)
    );
}
