//! How Mistral answers.

use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::{self, Answer, changed};

async fn ask(changes: Value) -> Answer {
    let body = changed(
        &client::question(Vendor::Mistral, "say: hello there"),
        &changes,
    );
    let answer = client::complete(&Simulator::new(1), Vendor::Mistral, &body)
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
        "model": "mistral-small-2603",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": "hello there", "tool_calls": null},
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11,
            "num_cached_tokens": 2},
    });
    assert_eq!(document, expected);
    assert_eq!(id.as_str().unwrap().len(), 32);
}

#[tokio::test(start_paused = true)]
async fn cached_tokens_have_three_names() {
    let details = json!({"cached_tokens": 2});
    for (model, number, plural, singular) in [
        ("mistral-large-4", json!(2), details.clone(), Value::Null),
        ("mistral-large-2512", json!(2), Value::Null, Value::Null),
        (
            "ministral-8b-2512",
            Value::Null,
            Value::Null,
            details.clone(),
        ),
        ("codestral-2508", Value::Null, details, Value::Null),
    ] {
        let answer = ask(json!({"model": model})).await;

        assert_eq!(
            (
                answer.at("/usage/num_cached_tokens"),
                answer.at("/usage/prompt_tokens_details"),
                answer.at("/usage/prompt_token_details"),
            ),
            (number, plural, singular),
            "{model}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_limits_are_in_the_headers() {
    let answer = ask(json!({})).await;

    assert_eq!(answer.header("content-type"), Some("application/json"));
    for (name, value) in [
        ("x-ratelimit-limit-req-minute", "720"),
        ("x-ratelimit-remaining-req-minute", "718"),
        ("x-ratelimit-limit-tokens-minute", "5000000"),
        ("x-ratelimit-remaining-tokens-minute", "4999989"),
        ("x-ratelimit-tokens-query-cost", "11"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(
        answer.header("mistral-correlation-id"),
        answer.header("x-kong-request-id")
    );
}

#[tokio::test(start_paused = true)]
async fn high_effort_makes_the_content_an_array() {
    let thought = ask(json!({"reasoning_effort": "high"})).await;
    let starved = ask(json!({"reasoning_effort": "high", "max_tokens": 20})).await;

    let content = thought.at("/choices/0/message/content");
    let thinking = json!({"type": "thinking", "thinking": [{"type": "text",
        "text": "The question was read and an answer was made up."}]});
    assert_eq!(
        content,
        json!([thinking, {"type": "text", "text": "hello there"}])
    );
    assert!(thought.at("/usage/completion_tokens").as_u64().unwrap() > 1_024);
    assert_eq!(starved.at("/choices/0/message/content"), json!([thinking]));
    assert_eq!(starved.at("/choices/0/finish_reason"), "length");
    assert_eq!(starved.at("/usage/completion_tokens"), 20);
}

#[tokio::test(start_paused = true)]
async fn a_full_window_has_a_finish_reason_of_its_own() {
    let long = "abcd".repeat(131_064);
    let messages = json!([{"role": "user", "content": format!("say: {long}")}]);
    let answer = ask(json!({"model": "ministral-3b-2512", "messages": messages})).await;
    let limited = ask(json!({"max_tokens": 1})).await;

    assert_eq!(answer.at("/choices/0/finish_reason"), "model_length");
    assert_eq!(answer.at("/usage/total_tokens"), 131_072);
    assert_eq!(limited.at("/choices/0/finish_reason"), "length");
    assert_eq!(limited.at("/choices/0/message/content"), "hell");
}

#[tokio::test(start_paused = true)]
async fn an_alias_is_answered_by_its_own_name() {
    let simulator = Simulator::new(1);
    let body = changed(
        &client::question(Vendor::Mistral, "say: hello"),
        &json!({"model": "mistral-small-latest", "stop": ["l", "x"]}),
    );

    let answer = client::complete(&simulator, Vendor::Mistral, &body)
        .await
        .unwrap();

    assert_eq!(answer.at("/model"), "mistral-small-latest");
    assert_eq!(answer.at("/choices/0/message/content"), "he");
    let billed = &simulator.stats(Vendor::Mistral).billed;
    assert_eq!(billed.keys().collect::<Vec<_>>(), ["mistral-small-latest"]);
}

#[tokio::test(start_paused = true)]
async fn a_prefix_begins_the_answer() {
    let messages = json!([{"role": "user", "content": "say: there"},
        {"role": "assistant", "content": "hello ", "prefix": true}]);

    let answer = ask(json!({"messages": messages})).await;

    assert_eq!(answer.at("/choices/0/message/content"), "hello there");
    assert_eq!(answer.at("/usage/completion_tokens"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_called_with_its_arguments_as_text() {
    let tools = json!([{"type": "function", "function": {"name": "add",
        "parameters": {"type": "object"}}}]);
    let user = json!({"role": "user", "content": "call tool add {\"a\": 1}"});

    let answer = ask(json!({"tools": tools, "messages": [user]})).await;

    let call = answer.at("/choices/0/message/tool_calls/0");
    assert_eq!(
        call["function"],
        json!({"name": "add", "arguments": "{\"a\":1}"})
    );
    assert_eq!(call["id"].as_str().unwrap().len(), 9);
    assert_eq!(answer.at("/choices/0/message/content"), "");
    assert_eq!(answer.at("/choices/0/finish_reason"), "tool_calls");
    for arguments in [json!("{\"a\":1}"), json!({"a": 1})] {
        let mut replayed = call.clone();
        replayed["function"]["arguments"] = arguments;
        let after = json!([
            user,
            {"role": "assistant", "content": "", "tool_calls": [replayed]},
            {"role": "tool", "tool_call_id": call["id"], "name": "add", "content": "2"},
        ]);
        let next = ask(json!({"tools": tools, "messages": after})).await;
        assert_eq!(next.at("/choices/0/finish_reason"), "stop");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_can_be_forced() {
    let tools = json!([{"function": {"name": "add", "parameters": {"type": "object"}}}]);
    for choice in [
        json!("any"),
        json!("required"),
        json!({"type": "function", "function": {"name": "add"}}),
    ] {
        let answer = ask(json!({"tools": tools, "tool_choice": choice})).await;

        assert_eq!(answer.at("/choices/0/finish_reason"), "tool_calls");
    }
    let never = ask(json!({"tools": tools, "tool_choice": "none"})).await;
    assert_eq!(never.at("/choices/0/finish_reason"), "stop");
}

#[tokio::test(start_paused = true)]
async fn a_schema_is_answered_with_an_instance() {
    let schema = json!({"type": "object", "properties": {"ok": {"type": "boolean"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "a", "strict": true,
        "schema": schema}});
    let prompt = json!([{"role": "user", "content": "is it?"}]);

    let fitting = ask(json!({"response_format": format, "messages": prompt})).await;
    let object = ask(json!({"response_format": {"type": "json_object"}, "messages": prompt})).await;

    assert_eq!(fitting.at("/choices/0/message/content"), "{\"ok\":true}");
    assert_eq!(
        object.at("/choices/0/message/content"),
        "{\"answer\":\"simulated\"}"
    );
}

#[tokio::test(start_paused = true)]
async fn several_choices_are_given_and_the_bill_is_what_they_say() {
    let simulator = Simulator::new(1);
    let body = changed(
        &client::question(Vendor::Mistral, "hello"),
        &json!({"n": 3, "reasoning_effort": "high"}),
    );

    let answer = client::complete(&simulator, Vendor::Mistral, &body)
        .await
        .unwrap();

    let billed = simulator.stats(Vendor::Mistral).billed["mistral-small-2603"];
    assert_eq!(answer.at("/choices").as_array().unwrap().len(), 3);
    assert_eq!(answer.at("/usage/prompt_tokens"), billed.total_input());
    assert_eq!(answer.at("/usage/completion_tokens"), billed.output);
    assert_eq!(
        (billed.cache_read, billed.cache_write, billed.reasoning),
        (1, 0, 0)
    );
}
