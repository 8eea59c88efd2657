//! Tools, pictures and forms, through OpenAI's door to every vendor.

use serde_json::{Value, json};
use vendor_sim::Vendor;

use crate::seats::{SEATS, Seat};
use crate::support::{Answer, Rig};

fn add() -> Value {
    json!({"type": "function", "function": {"name": "add", "description": "Adds.", "parameters":
        {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"]}}})
}

/// A request that the seat's model answers, with more members.
fn body(seat: &Seat, messages: &Value, more: &Value) -> Value {
    let mut body = json!({"model": seat.model, "messages": messages, "max_tokens": 2_000,
        "reasoning_effort": seat.calm});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

async fn answered(rig: &Rig, body: &Value) -> Value {
    let answer: Answer = rig.chat(body.to_string()).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text);
    answer.json()["choices"][0].clone()
}

fn refused(rig: &Rig, vendor: Vendor) -> u64 {
    rig.simulator.stats(vendor).refused
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_called_and_its_result_is_answered() {
    for seat in SEATS {
        let rig = seat.rig();
        let ask = json!({"role": "user", "content": "call tool add {\"a\": 1, \"b\": 2}"});
        let tools = json!({"tools": [add()]});

        let first = answered(&rig, &body(&seat, &json!([ask]), &tools)).await;
        let message = &first["message"];
        let call = &message["tool_calls"][0];
        let result = json!({"role": "tool", "tool_call_id": call["id"], "content": "3"});
        let second = answered(&rig, &body(&seat, &json!([ask, message, result]), &tools)).await;

        assert_eq!(
            first["finish_reason"], "tool_calls",
            "{}: {first:#}",
            seat.name
        );
        assert_eq!(message["content"], Value::Null, "{}", seat.name);
        assert_eq!(call["function"]["name"], "add", "{}", seat.name);
        let arguments: Value =
            serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments, json!({"a": 1, "b": 2}), "{}", seat.name);
        assert_eq!(second["finish_reason"], "stop", "{}: {second:#}", seat.name);
        assert_eq!(refused(&rig, seat.vendor), 0, "{}", seat.name);
    }
}

/// A conversation with two calls at once, made at another vendor, an
/// answer, and a question behind it.
fn foreign_conversation() -> Value {
    let call = |id: &str, a: u8| {
        json!({"id": id, "type": "function",
            "function": {"name": "add", "arguments": format!("{{\"a\": {a}, \"b\": 2}}")}})
    };
    json!([
        {"role": "system", "content": "Add with care."},
        {"role": "user", "content": "two sums"},
        {"role": "assistant", "content": "At once.",
            "tool_calls": [call("toolu_01AbCdEfGhIjKlMnOp", 1), call("call_2", 5)]},
        {"role": "tool", "tool_call_id": "toolu_01AbCdEfGhIjKlMnOp", "content": "3"},
        {"role": "tool", "tool_call_id": "call_2", "content": "{\"sum\": 7}"},
        {"role": "user", "content": "say: both"},
    ])
}

#[tokio::test(start_paused = true)]
async fn calls_made_elsewhere_are_taken_over() {
    for seat in SEATS {
        for more in [json!({"tools": [add()]}), json!({})] {
            let rig = seat.rig();

            let choice = answered(&rig, &body(&seat, &foreign_conversation(), &more)).await;

            assert_eq!(choice["message"]["content"], "both", "{} {more}", seat.name);
            let question = rig.last_question(seat.vendor).to_string();
            for text in ["At once.", "Add with care.", "sum"] {
                assert!(question.contains(text), "{}: {question}", seat.name);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn claude_may_not_call_what_nobody_offered() {
    let seat = SEATS[1];
    let rig = seat.rig();

    answered(&rig, &body(&seat, &foreign_conversation(), &json!({}))).await;

    let question = rig.last_question(seat.vendor);
    assert_eq!(question["tools"][0]["name"], "add", "{question:#}");
    assert_eq!(question["tool_choice"], json!({"type": "none"}));
}

#[tokio::test(start_paused = true)]
async fn a_tool_can_be_forced_and_forbidden() {
    for seat in SEATS {
        let rig = seat.rig();
        let messages = json!([{"role": "user", "content": "call tool add {\"a\": 1, \"b\": 2}"}]);
        let named = json!({"type": "function", "function": {"name": "add"}});
        for (choice, is_called) in [
            (json!("auto"), true),
            (json!("none"), false),
            (json!("required"), true),
            (named, true),
        ] {
            let more =
                json!({"tools": [add()], "tool_choice": choice, "parallel_tool_calls": false});

            let answer = answered(&rig, &body(&seat, &messages, &more)).await;

            let calls = answer["message"]["tool_calls"].is_array();
            assert_eq!(calls, is_called, "{} {choice}: {answer:#}", seat.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn older_geminis_are_asked_in_words_for_json_beside_tools() {
    let rig = Rig::of_all(&[]);
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let messages = json!([{"role": "user", "content": "say: {\"city\": \"Ulm\"}"}]);
    for format in [
        json!({"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}),
        json!({"type": "json_object"}),
    ] {
        let body = json!({"model": "gemini-2.5-flash", "messages": messages, "tools": [add()],
            "response_format": format});

        let choice = answered(&rig, &body).await;

        assert_eq!(
            choice["message"]["content"], "{\"city\": \"Ulm\"}",
            "{format}"
        );
        let question = rig.last_question(Vendor::Google);
        assert!(question["generationConfig"]["responseMimeType"].is_null());
        let words = question["systemInstruction"].to_string();
        assert!(words.contains("Answer with one JSON"), "{question:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_keeps_to_its_schema() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}},
        "required": ["city"], "additionalProperties": false});
    let format = json!({"type": "json_schema",
        "json_schema": {"name": "place", "schema": schema, "strict": true}});
    for seat in SEATS {
        let rig = seat.rig();
        let messages = json!([{"role": "user", "content": "Where? Answer in JSON."}]);

        let by_schema = answered(
            &rig,
            &body(&seat, &messages, &json!({"response_format": format})),
        )
        .await;
        let object = json!({"response_format": {"type": "json_object"}});
        let by_mode = rig.chat(body(&seat, &messages, &object).to_string()).await;

        let text = by_schema["message"]["content"].as_str().unwrap();
        let document: Value = serde_json::from_str(text).unwrap();
        assert!(document["city"].is_string(), "{}: {text}", seat.name);
        assert_eq!(by_mode.status, 200, "{}: {}", seat.name, by_mode.text);
    }
}

/// A picture of one pixel.
const PIXEL: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";

fn picture(url: &str) -> Value {
    json!([{"role": "user", "content": [
        {"type": "text", "text": "say: a cat"},
        {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
    ]}])
}

#[tokio::test(start_paused = true)]
async fn a_picture_reaches_a_model_that_sees() {
    for seat in SEATS {
        let rig = seat.rig();
        let model = match seat.provider {
            "groq" => json!({"model": "groq/qwen/qwen3.8-27b", "reasoning_effort": "none"}),
            _ => json!({}),
        };
        for url in [PIXEL, "https://example.com/cat.png"] {
            let choice = answered(&rig, &body(&seat, &picture(url), &model)).await;

            assert_eq!(choice["message"]["content"], "a cat", "{} {url}", seat.name);
            let question = rig.last_question(seat.vendor).to_string();
            let sign = if url == PIXEL { "iVBORw0KGgo" } else { url };
            assert!(question.contains(sign), "{}: {question}", seat.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_model_lacks_is_refused_by_name_and_passed_over_by_auto() {
    let rig = Rig::of_all(&[
        ("OPENAI_API_KEY", ""),
        ("ANTHROPIC_API_KEY", ""),
        ("GEMINI_API_KEY", ""),
        ("MISTRAL_API_KEY", ""),
    ]);
    let blind = json!({"model": "openai/gpt-oss-20b", "messages": picture(PIXEL)});
    let auto = json!({"model": "auto", "messages": picture(PIXEL)});

    let refused = rig.chat(blind.to_string()).await;
    let answer = rig.chat(auto.to_string()).await;

    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("vision"), "{}", refused.text);
    assert_eq!(
        answer.json()["model"],
        "qwen/qwen3.8-27b",
        "{}",
        answer.text
    );
}

#[tokio::test(start_paused = true)]
async fn openais_newer_models_take_tools_only_without_thinking() {
    let rig = Rig::of_all(&[]);
    let ask = |model: &str, effort: Value| {
        json!({"model": model, "messages": [{"role": "user", "content": "hi"}],
            "tools": [add()], "reasoning_effort": effort})
    };

    let unsaid = rig.chat(ask("gpt-5.5", Value::Null).to_string()).await;
    let thinking = rig.chat(ask("gpt-6-luna", json!("high")).to_string()).await;
    let never = rig.chat(ask("gpt-6-astra", Value::Null).to_string()).await;

    assert_eq!(unsaid.status, 200, "{}", unsaid.text);
    assert_eq!(
        rig.last_question(Vendor::OpenAi)["reasoning_effort"],
        "none"
    );
    for answer in [thinking, never] {
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.text.contains("tools"), "{}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn mistakes_in_a_dialogue_are_named() {
    let rig = Rig::of_all(&[]);
    let call = json!({"role": "assistant", "tool_calls": [{"id": "c1", "type": "function",
        "function": {"name": "add", "arguments": "{}"}}]});
    let user = json!({"role": "user", "content": "hi"});
    let result = json!({"role": "tool", "tool_call_id": "c1", "content": "3"});
    let garbled = json!({"role": "assistant", "tool_calls": [{"id": "c1", "type": "function",
        "function": {"name": "add", "arguments": "{\"a\":"}}]});
    let bad_picture = json!({"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]});
    let seen_by_system = json!({"role": "system", "content": [
        {"type": "image_url", "image_url": {"url": PIXEL}}]});
    for (messages, words) in [
        (
            json!([user, call, user]),
            "messages[2] comes before the result",
        ),
        (json!([user, call]), "end before the result"),
        (json!([user, result]), "answers no tool call"),
        (
            json!([user, garbled, result]),
            "must be a JSON object in a string",
        ),
        (
            json!([{"role": "tool", "content": "3"}]),
            "tool_call_id: missing",
        ),
        (json!([bad_picture]), "must begin with https://"),
        (json!([seen_by_system, user]), "role user alone"),
    ] {
        let answer = rig
            .chat(json!({"model": "auto", "messages": messages}).to_string())
            .await;

        assert_eq!(answer.status, 400, "{words}: {}", answer.text);
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_tool_shows_reaches_models_that_see() {
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "look", "arguments": "{}"}});
    let picture = json!([{"type": "image_url", "image_url": {"url": PIXEL}}]);
    let messages = json!([
        {"role": "user", "content": "look twice"},
        {"role": "assistant", "content": null, "tool_calls": [call("call_1"), call("call_2")]},
        {"role": "tool", "tool_call_id": "call_1", "content": picture},
        {"role": "tool", "tool_call_id": "call_2", "content": "nothing there"},
        {"role": "user", "content": "say: seen"}]);
    let tools = json!([{"type": "function", "function": {"name": "look"}}]);
    for seat in SEATS {
        let rig = seat.rig();
        let body = json!({"model": seat.model, "messages": messages, "tools": tools,
            "reasoning_effort": seat.calm, "max_tokens": 2_000});

        let answer = rig.chat(body.to_string()).await;

        if answer.status == 400 {
            // Not every model sees.
            assert!(
                answer.text.contains("vision"),
                "{}: {}",
                seat.name,
                answer.text
            );
            continue;
        }
        assert_eq!(answer.status, 200, "{}: {}", seat.name, answer.text);
        let question = rig.last_question(seat.vendor).to_string();
        assert!(
            question.contains("iVBORw0KGgo"),
            "{}: {question}",
            seat.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn that_a_tool_failed_is_told_to_everybody() {
    let messages = json!([
        {"role": "user", "content": "add"},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "boom", "is_error": true}]}]);
    let tools = json!([{"name": "add", "input_schema": {"type": "object"}}]);
    for seat in SEATS {
        let rig = seat.rig();
        let body = json!({"model": seat.model, "messages": messages, "tools": tools,
            "max_tokens": 2_000});

        let answer = crate::messages::post(&rig, "/v1/messages", &body).await;

        assert_eq!(answer.status, 200, "{}: {}", seat.name, answer.text);
        let question = rig.last_question(seat.vendor).to_string().to_lowercase();
        assert!(question.contains("error"), "{}: {question}", seat.name);
    }
}
