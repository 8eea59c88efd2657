//! A conversation with tool calls, translated to each vendor's form and back,
//! is the same conversation.

use proptest::prelude::prop_assert_eq;
use proptest::test_runner::{Config, TestRng, TestRunner};
use serde_json::{Value, json};
use vendor_sim::Vendor;

use crate::any_request::conversation;
use crate::messages::post;
use crate::seats::{SEATS, Seat};
use crate::support::Rig;

const CASES: u32 = 150;

/// One thing that somebody said, in no vendor's form. Calls have the number
/// that they have in the conversation for an id.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Text(String, String),
    Call(usize, String, Value),
    Result(usize, String),
}

/// Reads messages in OpenAI's form.
fn said(messages: &Value) -> Vec<Said> {
    let mut said = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for message in messages.as_array().unwrap() {
        let role = message["role"].as_str().unwrap();
        let texts: Vec<&str> = match &message["content"] {
            Value::String(text) => vec![text],
            Value::Array(parts) => parts
                .iter()
                .map(|part| part["text"].as_str().unwrap())
                .collect(),
            _ => Vec::new(),
        };
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap();
            let number = ids.iter().rposition(|known| known == id).unwrap();
            said.push(Said::Result(number, texts.concat()));
            continue;
        }
        let texts = texts.into_iter().filter(|text| !text.is_empty());
        // Where a vendor has no user after a result, this stands between them.
        let texts = texts.filter(|text| (role, *text) != ("assistant", "(noted)"));
        said.extend(texts.map(|text| Said::Text(role.to_owned(), text.to_owned())));
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            let arguments = function["arguments"].as_str().unwrap();
            let name = function["name"].as_str().unwrap().to_owned();
            let arguments = serde_json::from_str(arguments).unwrap();
            said.push(Said::Call(ids.len(), name, arguments));
            ids.push(call["id"].as_str().unwrap().to_owned());
        }
    }
    said
}

/// Reads a result as what it says: a document, or words.
fn meaning(said: Vec<Said>) -> Vec<Said> {
    let meant = said.into_iter().map(|item| match item {
        Said::Result(number, text) => match serde_json::from_str::<Value>(&text) {
            Ok(object @ Value::Object(_)) => Said::Result(number, object.to_string()),
            // Claude takes no blanks.
            _ if text.trim().is_empty() => Said::Result(number, String::new()),
            _ => Said::Result(number, text),
        },
        other => other,
    });
    meant.collect()
}

/// Writes what Gemini was asked in OpenAI's form; its calls have no ids, and
/// are answered in their order.
fn from_gemini(body: &Value) -> Value {
    let mut messages = Vec::new();
    let (mut calls, mut results) = (0, 0);
    for content in body["contents"].as_array().unwrap() {
        for part in content["parts"].as_array().unwrap() {
            let role = if content["role"] == "model" {
                "assistant"
            } else {
                "user"
            };
            if let Some(text) = part["text"].as_str() {
                messages.push(json!({"role": role, "content": text}));
            } else if let Some(call) = part.get("functionCall") {
                let arguments = call["args"].to_string();
                let function = json!({"name": call["name"], "arguments": arguments});
                messages.push(json!({"role": role, "tool_calls": [
                    {"id": format!("c{calls}"), "type": "function", "function": function}]}));
                calls += 1;
            } else {
                let response = part["functionResponse"]["response"].as_object().unwrap();
                let text = match (response.len(), response.get("output")) {
                    (1, Some(Value::String(text))) => text.clone(),
                    _ => json!(response).to_string(),
                };
                let id = format!("c{results}");
                messages.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
                results += 1;
            }
        }
    }
    Value::Array(messages)
}

/// Takes what `seat`'s vendor was asked back to OpenAI's form.
async fn back(rig: &Rig, seat: &Seat, asked: &Value) -> Value {
    match seat.vendor {
        Vendor::Google => from_gemini(asked),
        Vendor::Vertex if asked.get("contents").is_some() => from_gemini(asked),
        Vendor::Anthropic | Vendor::Vertex => {
            let mut body = asked.clone();
            let members = body.as_object_mut().unwrap();
            members.retain(|name, _| ["messages", "system", "tools"].contains(&name.as_str()));
            body["model"] = json!("openai/gpt-6-luna");
            body["max_tokens"] = json!(1_000);
            body["thinking"] = json!({"type": "disabled"});
            let answer = post(rig, "/v1/messages", &body).await;
            assert_eq!(answer.status, 200, "{}: {}", seat.name, answer.text);
            rig.last_question(Vendor::OpenAi)["messages"].clone()
        }
        _ => asked["messages"].clone(),
    }
}

#[test]
fn a_conversation_comes_back_from_every_vendor_unchanged() {
    for seat in SEATS {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let rig = runtime.block_on(async { seat.rig() });
        let config = Config {
            cases: CASES,
            ..Config::default()
        };
        let rng = TestRng::deterministic_rng(config.rng_algorithm);
        let mut runner = TestRunner::new_with_rng(config, rng);
        runner
            .run(&conversation(), |messages| {
                let tools = json!([{"type": "function", "function": {"name": "add"}}]);
                let body = json!({"model": seat.model, "messages": messages, "tools": tools,
                    "reasoning_effort": seat.calm});
                let returned = runtime.block_on(async {
                    let answer = rig.chat(body.to_string()).await;
                    assert_eq!(answer.status, 200, "{}: {}", seat.name, answer.text);
                    back(&rig, &seat, &rig.last_question(seat.vendor)).await
                });

                let (sent, returned) = (meaning(said(&messages)), meaning(said(&returned)));
                prop_assert_eq!(sent, returned, "{}", seat.name);
                Ok(())
            })
            .unwrap();
    }
}
