//! Prompts that Claude's vendor keeps when it is asked.

use serde_json::{Value, json};
use vendor_sim::Vendor;

use crate::messages::post;
use crate::seats::SEATS;
use crate::support::Rig;

fn turn(role: &str, text: &str) -> Value {
    json!({"role": role, "content": text})
}

/// Lists the marks of a question to Claude, in the order of its prompt.
fn marks(question: &Value) -> Vec<Value> {
    let system = question["system"].as_array().into_iter().flatten();
    let turns = question["messages"].as_array().unwrap().iter();
    let blocks = turns.flat_map(|turn| turn["content"].as_array().unwrap());
    let marks = system
        .chain(blocks)
        .map(|block| block["cache_control"].clone());
    marks.filter(|mark| !mark.is_null()).collect()
}

/// Lists what a question to Claude has marked: the texts and names of tools
/// behind which a mark stands, and how long it keeps.
fn marked(question: &Value) -> Vec<(String, &str)> {
    let list = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    let turns = list(&question["messages"]);
    let blocks = turns.iter().flat_map(|turn| list(&turn["content"]));
    let tools = list(&question["tools"]).into_iter();
    let all = tools.chain(list(&question["system"])).chain(blocks);
    let marked = all.filter(|it| it["cache_control"].is_object());
    marked
        .map(|it| {
            let names = [&it["text"], &it["name"], &it["tool_use_id"]];
            let name = names.iter().find_map(|name| name.as_str()).unwrap();
            let kept = match it["cache_control"]["ttl"].as_str() {
                Some("1h") => "1h",
                _ => "5m",
            };
            (name.to_owned(), kept)
        })
        .collect()
}

async fn asked(body: Value) -> Value {
    let mut body = body;
    body["model"] = json!("claude-haiku-5-5");
    body["max_tokens"] = json!(1_000);
    let rig = Rig::new();
    let answer = post(&rig, "/v1/messages", &body).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text);
    rig.last_question(Vendor::Anthropic)
}

fn text(text: &str, ttl: Option<&str>) -> Value {
    match ttl {
        None => json!({"type": "text", "text": text}),
        Some(ttl) => json!({"type": "text", "text": text,
            "cache_control": {"type": "ephemeral", "ttl": ttl}}),
    }
}

#[tokio::test(start_paused = true)]
async fn a_callers_marks_reach_claude_where_they_stand() {
    let tool = json!({"name": "add", "input_schema": {"type": "object"},
        "cache_control": {"type": "ephemeral"}});
    let hi = json!([turn("user", "say: well")]);
    for (body, expected) in [
        (
            json!({"messages": [{"role": "user", "content": [
                text("a document", Some("5m")), text("say: well", None)]}]}),
            vec![("a document", "5m")],
        ),
        (
            json!({"system": [text("fixed", Some("1h")), text("now: 12:00", None)], "messages": hi}),
            vec![("fixed", "1h")],
        ),
        (
            json!({"tools": [tool], "messages": hi}),
            vec![("add", "5m")],
        ),
        (
            json!({"system": [text("fixed", Some("1h"))], "messages": [
                {"role": "user", "content": [text("say: well", Some("5m"))]}]}),
            vec![("fixed", "1h"), ("say: well", "5m")],
        ),
        // What is kept long must come first.
        (
            json!({"system": [text("fixed", Some("5m"))], "messages": [
                {"role": "user", "content": [text("say: well", Some("1h"))]}]}),
            vec![("fixed", "5m"), ("say: well", "5m")],
        ),
        // Four at most, the last ones.
        (
            json!({"system": [text("1", Some("5m")), text("2", Some("5m")), text("3", Some("5m"))],
                "messages": [{"role": "user", "content": [
                    text("4", Some("5m")), text("say: well", Some("5m"))]}]}),
            vec![("2", "5m"), ("3", "5m"), ("4", "5m"), ("say: well", "5m")],
        ),
    ] {
        let question = asked(body.clone()).await;

        let expected: Vec<(String, &str)> = expected
            .into_iter()
            .map(|(name, kept)| (name.to_owned(), kept))
            .collect();
        assert_eq!(marked(&question), expected, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn results_of_tools_are_marked_too() {
    let tool = json!({"name": "add", "input_schema": {"type": "object"}});
    let result = json!({"type": "tool_result", "tool_use_id": "toolu_1", "content": "3",
        "cache_control": {"type": "ephemeral"}});
    let messages = json!([
        turn("user", "add"),
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}]},
        {"role": "user", "content": [result, text("say: well", None)]}]);

    let question = asked(json!({"tools": [tool], "messages": messages})).await;

    assert_eq!(marked(&question), [("toolu_1".to_owned(), "5m")]);
}

#[tokio::test(start_paused = true)]
async fn a_mark_on_the_whole_is_put_at_the_ends() {
    let question = asked(
        json!({"system": "Be brief.", "cache_control": {"type": "ephemeral"},
        "messages": [turn("user", "say: well")]}),
    )
    .await;

    let ends = [
        ("Be brief.".to_owned(), "5m"),
        ("say: well".to_owned(), "5m"),
    ];
    assert_eq!(marked(&question), ends);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_goes_on_is_kept_and_a_first_question_is_not() {
    let rig = Rig::new();
    let mut messages = vec![turn("system", "Be brief."), turn("user", "say: one")];
    let body = |messages: &[Value]| json!({"model": "claude-haiku-5-5", "messages": messages});

    rig.chat(body(&messages).to_string()).await;
    let first = marks(&rig.last_question(Vendor::Anthropic));
    let mut later = Vec::new();
    for _ in 0..3 {
        messages.extend([turn("assistant", "one"), turn("user", "say: more")]);
        let answer = rig.chat(body(&messages).to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        later.push(marks(&rig.last_question(Vendor::Anthropic)).len());
    }

    assert_eq!(first, [Value::Null; 0]);
    assert_eq!(later, [3, 3, 3]);
}

#[tokio::test(start_paused = true)]
async fn nobody_else_hears_of_it() {
    for seat in SEATS.iter().filter(|seat| seat.provider != "anthropic") {
        let rig = seat.rig();
        let mark = json!({"type": "ephemeral"});
        let text = json!([{"type": "text", "text": "say: well", "cache_control": mark}]);
        let messages = json!([{"role": "user", "content": text}]);

        let body =
            json!({"model": seat.model, "messages": messages, "reasoning_effort": seat.calm});
        let answer = rig.chat(body.to_string()).await;

        assert_eq!(answer.status, 200, "{}: {}", seat.name, answer.text);
        let question = rig.last_question(seat.vendor).to_string();
        assert!(!question.contains("cache_control"), "{question}");
    }
}
