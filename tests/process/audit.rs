//! One line of the audit log for every call, whatever becomes of it.

use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::callers::{entries, key, question};
use crate::gateway::{Gateway, simulated};

/// What must not be written: part of every prompt, and so of every answer.
const SECRET: &str = "SECRET-WORDS";

async fn post(gateway: &Gateway, name: &str, path: &str, body: &Value) -> String {
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n{body}",
        key(name),
        body.len()
    );
    gateway.exchange(&request).await.unwrap()
}

fn tool(name: &str, arguments: Value) -> Value {
    let params = json!({"name": name, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
}

fn secret_question() -> Value {
    let mut question = question();
    question["messages"][0]["content"] = json!(format!("say: {SECRET}"));
    question
}

/// Returns the lines of the audit log, and all of it.
async fn end(gateway: Gateway) -> (Vec<Value>, String) {
    gateway.terminate();
    let (_, log) = gateway.end().await;
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let lines = lines.filter(|line: &Value| line["target"] == "audit");
    (lines.collect(), log)
}

async fn start(server: &vendor_sim::Server, prompts: &str) -> Gateway {
    let keys = entries(&["alice", "bob"]);
    let settings = [
        ("AUTH_MODE", "api-key"),
        ("GATEWAY_API_KEYS", keys.as_str()),
        ("GATEWAY__CALLERS", "{bob: {requests_per_minute: 1}}"),
        ("GATEWAY__GATEWAY__AUDIT_PROMPTS", prompts),
        ("LOG_FORMAT", "json"),
    ];
    Gateway::start(server, &settings).await
}

#[tokio::test]
async fn every_call_has_one_line_without_a_word_of_it() {
    let (simulator, server) = simulated().await;
    let gateway = start(&server, "false").await;
    let mut streamed = secret_question();
    streamed["stream"] = json!(true);
    let message = json!({
        "model": "claude-haiku-5-5",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": format!("say: {SECRET}")}],
    });
    let asked = json!({"prompt": format!("say: {SECRET}"), "model": "gpt-6-luna"});
    let wrong =
        json!({"model": format!("{SECRET}-9"), "messages": [{"role": "user", "content": "hi"}]});
    let usage = tool("get_usage_metrics", json!({}));
    let completion = tool("unified_completion", asked);
    let chat = "/v1/chat/completions";
    let cases = [
        ("alice", chat, secret_question(), "answered"),
        ("alice", chat, streamed, "answered"),
        ("alice", chat, wrong, "caller_invalid_request"),
        ("alice", "/v1/messages", message, "answered"),
        ("alice", "/mcp", completion, "answered"),
        ("alice", "/mcp", usage, "answered"),
        ("bob", chat, secret_question(), "answered"),
        ("bob", chat, secret_question(), "policy_rate_limited"),
    ];

    for (name, path, body, _) in &cases {
        post(&gateway, name, path, body).await;
    }
    simulator.set_standing(Vendor::OpenAi, Some(Fault::Status { status: 500 }));
    post(&gateway, "alice", chat, &secret_question()).await;
    post(&gateway, "mallory", chat, &secret_question()).await;
    let (lines, log) = end(gateway).await;

    let field =
        |line: &Value, name: &str| -> String { line[name].as_str().unwrap_or_default().to_owned() };
    let mut expected: Vec<(&str, &str)> = cases.iter().map(|case| (case.0, case.3)).collect();
    expected.push(("alice", "provider_unavailable"));
    let called = lines.iter().filter(|line| field(line, "message") == "call");
    let seen: Vec<_> = called
        .map(|line| (field(line, "caller"), field(line, "outcome")))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(caller, outcome)| ((*caller).to_owned(), (*outcome).to_owned()))
        .collect();
    assert_eq!(seen, expected, "{log}");
    // Who is nobody has a line too, with the reason.
    assert_eq!(lines.len(), expected.len() + 1, "{log}");
    assert_eq!(log.matches("a caller was refused").count(), 1, "{log}");
    for line in lines
        .iter()
        .filter(|line| field(line, "outcome") == "answered")
    {
        assert!(field(line, "request_id").starts_with("req_"), "{line}");
    }
    assert!(!log.contains(SECRET), "{log}");
    assert!(!log.contains("agw_"), "{log}");
}

#[tokio::test]
async fn prompts_are_written_once_somebody_says_so() {
    let (_simulator, server) = simulated().await;
    let gateway = start(&server, "true").await;

    post(
        &gateway,
        "alice",
        "/v1/chat/completions",
        &secret_question(),
    )
    .await;
    let (lines, log) = end(gateway).await;

    assert_eq!(lines.len(), 1, "{log}");
    assert_eq!(lines[0]["answer"], SECRET, "{log}");
    assert_eq!(lines[0]["prompt"], format!("say: {SECRET}"), "{log}");
}
