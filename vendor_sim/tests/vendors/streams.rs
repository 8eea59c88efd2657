//! Answers as server-sent events.

use serde_json::{Value, json};
use vendor_sim::{Fault, Simulator, Vendor};

use crate::client::{self, changed};

/// An event's name, if it has one, and its data.
type Event = (Option<String>, Value);

async fn events(vendor: Vendor, changes: Value, fault: Fault) -> Vec<Event> {
    let simulator = Simulator::new(1);
    simulator.push(vendor, fault);
    let base = changed(
        &client::question(vendor, "say: hello there €uro"),
        &json!({"stream": true}),
    );
    let answer = client::complete(&simulator, vendor, &changed(&base, &changes))
        .await
        .unwrap();
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    let text = answer.text();
    assert!(text.ends_with("\n\n"));
    text.split_terminator("\n\n").map(event).collect()
}

fn event(block: &str) -> Event {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    let data = field("data: ").unwrap();
    let name = field("event: ").map(str::to_owned);
    (
        name,
        serde_json::from_str(data).unwrap_or_else(|_| json!(data)),
    )
}

#[tokio::test(start_paused = true)]
async fn openai_starts_with_the_role_and_ends_with_done() {
    let with_usage = json!({"stream_options": {"include_usage": true}});
    let events = events(Vendor::OpenAi, with_usage, Fault::Healthy).await;

    let data: Vec<_> = events.iter().map(|(_, data)| data).collect();
    let content = |chunk: &Value| {
        chunk["choices"][0]["delta"]["content"]
            .as_str()
            .map(str::to_owned)
    };
    let text: String = data.iter().filter_map(|chunk| content(chunk)).collect();
    let count = data.len();
    assert_eq!(data[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(text, "hello there €uro");
    assert_eq!(data[count - 3]["choices"][0]["finish_reason"], "stop");
    assert_eq!(data[count - 3]["usage"], Value::Null);
    assert_eq!(data[count - 2]["choices"], json!([]));
    assert_eq!(data[count - 2]["usage"]["completion_tokens"], 5);
    assert_eq!(data[count - 1], "[DONE]");
}

#[tokio::test(start_paused = true)]
async fn openai_tells_no_usage_unasked() {
    let events = events(Vendor::OpenAi, json!({}), Fault::Healthy).await;

    assert!(events.iter().all(|(_, data)| data.get("usage").is_none()));
    assert_eq!(events.last().unwrap().1, "[DONE]");
}

#[tokio::test(start_paused = true)]
async fn openai_sends_a_call_in_fragments() {
    let tools = json!([{"type": "function", "function": {"name": "add"}}]);
    let prompt =
        json!([{"role": "user", "content": "call tool add {\"first\": 1, \"second\": 2}"}]);
    let events = events(
        Vendor::OpenAi,
        json!({"tools": tools, "messages": prompt}),
        Fault::Healthy,
    )
    .await;

    let calls: Vec<_> = events
        .iter()
        .map(|(_, data)| &data["choices"][0]["delta"]["tool_calls"][0])
        .filter(|call| call.is_object())
        .collect();
    let arguments: String = calls
        .iter()
        .filter_map(|call| call["function"]["arguments"].as_str())
        .collect();
    assert_eq!(calls[0]["function"]["name"], "add");
    assert!(calls.len() > 2);
    assert_eq!(arguments, "{\"first\":1,\"second\":2}");
}

#[tokio::test(start_paused = true)]
async fn anthropic_names_its_events() {
    let events = events(Vendor::Anthropic, json!({}), Fault::Healthy).await;

    let names: Vec<_> = events
        .iter()
        .map(|(name, _)| name.as_deref().unwrap())
        .collect();
    let text: String = events
        .iter()
        .filter_map(|(_, data)| data["delta"]["text"].as_str())
        .collect();
    let end = &events[events.len() - 2].1;
    assert_eq!(names[..3], ["message_start", "ping", "content_block_start"]);
    assert_eq!(
        names[names.len() - 3..],
        ["content_block_stop", "message_delta", "message_stop"]
    );
    assert!(
        events
            .iter()
            .all(|(name, data)| data["type"].as_str() == name.as_deref())
    );
    assert_eq!(text, "hello there €uro");
    assert_eq!(events[0].1["message"]["usage"]["output_tokens"], 1);
    assert_eq!(end["delta"]["stop_reason"], "end_turn");
    assert_eq!(end["usage"]["output_tokens"], 5);
}

#[tokio::test(start_paused = true)]
async fn anthropic_sends_thoughts_and_input_in_fragments() {
    let changes = json!({
        "thinking": {"type": "adaptive", "display": "summarized"}, "max_tokens": 9_000,
        "tools": [{"name": "add", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": "call tool add {\"first\": 1}"}],
    });
    let events = events(Vendor::Anthropic, changes, Fault::Healthy).await;

    let gather = |member: &str| -> String {
        events
            .iter()
            .filter_map(|(_, data)| data["delta"][member].as_str())
            .collect()
    };
    assert_eq!(
        gather("thinking"),
        "The question was read and an answer was made up."
    );
    assert!(!gather("signature").is_empty());
    assert_eq!(gather("partial_json"), "{\"first\":1}");
}

#[tokio::test(start_paused = true)]
async fn mistral_tells_usage_unasked_with_the_finish() {
    let events = events(Vendor::Mistral, json!({}), Fault::Healthy).await;

    let data: Vec<_> = events.iter().map(|(_, data)| data).collect();
    let delta = |chunk: &Value| chunk["choices"][0]["delta"]["content"].clone();
    let text: String = data
        .iter()
        .filter_map(|chunk| delta(chunk).as_str().map(str::to_owned))
        .collect();
    let (done, chunks) = data.split_last().unwrap();
    let (finish, others) = chunks.split_last().unwrap();
    assert_eq!(
        data[0]["choices"][0]["delta"],
        json!({"role": "assistant", "content": ""})
    );
    assert_eq!(text, "hello there €uro");
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert_eq!(finish["usage"]["completion_tokens"], 5);
    assert!(others.iter().all(|chunk| chunk.get("usage").is_none()));
    assert_eq!(*done, "[DONE]");
}

#[tokio::test(start_paused = true)]
async fn mistral_streams_thoughts_as_arrays_before_the_text() {
    let changes = json!({"reasoning_effort": "high"});
    let events = events(Vendor::Mistral, changes, Fault::Healthy).await;

    let contents: Vec<_> = events
        .iter()
        .map(|(_, data)| &data["choices"][0]["delta"]["content"])
        .collect();
    let thoughts: String = contents
        .iter()
        .filter_map(|content| content[0]["thinking"][0]["text"].as_str())
        .collect();
    let text: String = contents
        .iter()
        .filter_map(|content| content.as_str())
        .collect();
    assert_eq!(thoughts, "The question was read and an answer was made up.");
    assert_eq!(text, "hello there €uro");
}

#[tokio::test(start_paused = true)]
async fn mistral_sends_a_call_whole() {
    let tools = json!([{"type": "function", "function": {"name": "add",
        "parameters": {"type": "object"}}}]);
    let prompt = json!([{"role": "user", "content": "call tool add {\"a\": 1}"}]);
    let events = events(
        Vendor::Mistral,
        json!({"tools": tools, "messages": prompt}),
        Fault::Healthy,
    )
    .await;

    let choice = &events[events.len() - 2].1["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(
        choice["delta"]["tool_calls"][0]["function"],
        json!({"name": "add", "arguments": "{\"a\":1}"})
    );
}

#[tokio::test(start_paused = true)]
async fn mistral_ends_a_broken_stream_with_a_reason_of_its_own() {
    let events = events(Vendor::Mistral, json!({}), Fault::ErrorInside200).await;

    assert_eq!(events.len(), 4);
    assert_eq!(events[2].1["choices"][0]["finish_reason"], "error");
    assert_eq!(events[3].1, "[DONE]");
}

#[tokio::test(start_paused = true)]
async fn an_error_breaks_off_the_stream() {
    let openai = events(Vendor::OpenAi, json!({}), Fault::ErrorInside200).await;
    let anthropic = events(Vendor::Anthropic, json!({}), Fault::ErrorInside200).await;

    assert_eq!(openai.len(), 3);
    assert_eq!(openai[2].1["error"]["type"], "server_error");
    let (name, data) = anthropic.last().unwrap();
    assert_eq!(name.as_deref(), Some("error"));
    assert_eq!(data["error"]["type"], "overloaded_error");
}
