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
    asked_at("/v1/messages", body).await
}

async fn asked_at(path: &str, body: Value) -> Value {
    let rig = Rig::new();
    ask(&rig, path, "claude-haiku-5-5", body).await;
    rig.last_question(Vendor::Anthropic)
}

async fn ask(rig: &Rig, path: &str, model: &str, mut body: Value) {
    body["model"] = json!(model);
    body["max_tokens"] = json!(1_000);
    let answer = post(rig, path, &body).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text);
}

/// Takes every mark out of a request.
fn without_marks(body: &Value) -> Value {
    match body {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| *name != "cache_control");
            let bare = members.map(|(name, value)| (name.clone(), without_marks(value)));
            Value::Object(bare.collect())
        }
        Value::Array(items) => items.iter().map(without_marks).collect(),
        other => other.clone(),
    }
}

/// A talk in which all is marked that `/v1/messages` lets be marked.
fn marked_all_over() -> Value {
    let mark = json!({"type": "ephemeral"});
    json!({
        "system": [text("Be brief.", Some("1h")), text("now: 12:00", None)],
        "tools": [{"name": "add", "input_schema": {"type": "object"}, "cache_control": mark}],
        "messages": [
            {"role": "user", "content": [text("add", Some("5m"))]},
            {"role": "assistant", "content": [text("well", Some("5m")),
                {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {},
                    "cache_control": mark}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "cache_control": mark,
                    "content": [text("3", Some("5m"))]},
                text("say: well", Some("5m"))]},
        ],
        "cache_control": mark,
    })
}

/// The same for `/v1/chat/completions`.
fn chat_marked_all_over() -> Value {
    let mark = json!({"type": "ephemeral"});
    json!({
        "tools": [{"type": "function", "cache_control": mark,
            "function": {"name": "add", "parameters": {"type": "object"}}}],
        "messages": [
            {"role": "system", "content": "Be brief.", "cache_control": mark},
            {"role": "user", "content": [text("add", Some("5m"))]},
            {"role": "assistant", "content": "well", "cache_control": mark, "tool_calls": [
                {"id": "call_1", "type": "function",
                    "function": {"name": "add", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": [text("3", Some("5m"))]},
            {"role": "user", "content": "say: well", "cache_control": mark},
        ],
    })
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

/// A talk whose last turn has these blocks behind a call.
fn behind_a_call(blocks: Value) -> Value {
    json!({"tools": [{"name": "add", "input_schema": {"type": "object"}}], "messages": [
        turn("user", "add"),
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}]},
        {"role": "user", "content": blocks}]})
}

#[tokio::test(start_paused = true)]
async fn results_of_tools_are_marked_too() {
    let result = |content: Value| json!({"type": "tool_result", "tool_use_id": "toolu_1", "content": content});
    let mut marked_itself = result(json!("3"));
    marked_itself["cache_control"] = json!({"type": "ephemeral"});
    let well = text("say: well", None);
    for blocks in [
        json!([marked_itself, well]),
        // The vendor takes no marks inside.
        json!([result(json!([text("3", Some("5m"))])), well]),
        json!([
            result(json!([text("3", Some("5m")), text("4", None)])),
            well
        ]),
        // Nor on blanks.
        json!([result(json!("3")), text(" ", Some("5m"))]),
        json!([result(json!("3")), text("", Some("5m")), well]),
    ] {
        let question = asked(behind_a_call(blocks.clone())).await;

        assert_eq!(
            marked(&question),
            [("toolu_1".to_owned(), "5m")],
            "{blocks}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_mark_on_a_blank_before_a_result_is_left_out() {
    let result = json!({"type": "tool_result", "tool_use_id": "toolu_1", "content": "3"});
    let blocks = json!([text("", Some("1h")), result, text("say: well", Some("5m"))]);

    let question = asked(behind_a_call(blocks)).await;

    assert_eq!(marked(&question), [("say: well".to_owned(), "5m")]);
}

#[tokio::test(start_paused = true)]
async fn marks_on_thoughts_and_blanks_go_to_the_block_before() {
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "",
        "cache_control": {"type": "ephemeral"}});
    let messages = json!([
        turn("user", "say: one"),
        {"role": "assistant", "content": [text("one", None), thought]},
        {"role": "user", "content": [text("say: two", None), text("", Some("5m"))]}]);

    let question = asked(json!({"messages": messages})).await;

    let expected = [("one".to_owned(), "5m"), ("say: two".to_owned(), "5m")];
    assert_eq!(marked(&question), expected);
}

#[tokio::test(start_paused = true)]
async fn marks_of_a_chat_reach_claude_where_they_stand() {
    let question = asked_at("/v1/chat/completions", chat_marked_all_over()).await;
    let mut few = chat_marked_all_over();
    few["messages"] = json!([turn("user", "say: well")]);
    let of_tools = asked_at("/v1/chat/completions", few).await;

    // Of six marks the last four: a text, a call, its result and a text.
    let last = ["add", "add", "call_1", "say: well"];
    assert_eq!(marked(&question), last.map(|name| (name.to_owned(), "5m")));
    assert_eq!(marked(&of_tools), [("add".to_owned(), "5m")]);
}

#[tokio::test(start_paused = true)]
async fn claude_on_vertex_is_marked_alike() {
    let seat = SEATS.iter().find(|seat| seat.name == "Claude on Vertex");
    let seat = seat.unwrap();
    let rig = seat.rig();

    ask(&rig, "/v1/messages", seat.model, marked_all_over()).await;

    let question = rig.last_question(seat.vendor);
    let direct = asked(marked_all_over()).await;
    assert_eq!(marked(&question), marked(&direct));
    assert_eq!(marked(&question).len(), 4, "{question}");
}

#[tokio::test(start_paused = true)]
async fn a_mark_on_the_whole_stands_beside_the_callers_others() {
    let whole = |ttl: &str| json!({"type": "ephemeral", "ttl": ttl});
    let system = json!([text("fixed", Some("1h")), text("now: 12:00", None)]);
    let hi = json!([turn("user", "say: well")]);
    let full = json!([{"role": "user", "content": [text("1", Some("5m")), text("2", Some("5m")),
        text("3", Some("5m")), text("4", Some("5m")), text("say: well", None)]}]);
    let own = json!([{"role": "user", "content": [text("say: well", Some("1h"))]}]);
    for (body, expected) in [
        (
            json!({"system": system, "messages": hi, "cache_control": whole("5m")}),
            vec![("fixed", "1h"), ("say: well", "5m")],
        ),
        // The vendor would refuse the next two; what the caller marked itself goes first.
        (
            json!({"messages": own, "cache_control": whole("5m")}),
            vec![("say: well", "1h")],
        ),
        (
            json!({"messages": full, "cache_control": whole("5m")}),
            vec![("1", "5m"), ("2", "5m"), ("3", "5m"), ("4", "5m")],
        ),
    ] {
        let question = asked(body.clone()).await;

        let found = marked(&question);
        let found: Vec<(&str, &str)> = found.iter().map(|(name, kept)| (&**name, *kept)).collect();
        assert_eq!(found, expected, "{body}");
    }
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
        for (path, marked) in [
            ("/v1/messages", marked_all_over()),
            ("/v1/chat/completions", chat_marked_all_over()),
        ] {
            let mut questions = Vec::new();
            for body in [without_marks(&marked), marked] {
                let rig = seat.rig();
                ask(&rig, path, seat.model, body).await;
                let requests = rig.simulator.requests(seat.vendor);
                let last = requests.iter().rfind(|request| request.body.is_some());
                let last = last.unwrap();
                questions.push((last.body.clone(), last.body_bytes));
            }

            assert_eq!(questions[0], questions[1], "{}: {path}", seat.name);
        }
    }
}
