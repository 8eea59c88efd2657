//! Anthropic's dialect in front of every vendor.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use vendor_sim::{BilledTokens, Fault};

use crate::seats::{SEATS, Seat};
use crate::support::{Answer, Rig};

pub(crate) async fn post(rig: &Rig, path: &str, body: &Value) -> Answer {
    let request = Request::post(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    rig.send(request.unwrap()).await
}

fn question(seat: &Seat, text: &str, is_streamed: bool) -> Value {
    let mut body = json!({"model": seat.model, "max_tokens": 2_000, "stream": is_streamed,
        "messages": [{"role": "user", "content": text}],
        "output_config": {"effort": seat.calm}});
    if seat.calm == "none" {
        body["thinking"] = json!({"type": "disabled"});
        body["output_config"] = json!({});
    }
    body
}

/// The events of a stream by name and data, which agree.
fn events(answer: &Answer) -> Vec<Value> {
    let events = answer.text.split("\n\n").filter(|event| !event.is_empty());
    let read = events.map(|event| {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name, format!("event: {}", data["type"].as_str().unwrap()));
        data
    });
    read.collect()
}

fn text(events: &[Value]) -> String {
    let texts = events
        .iter()
        .filter_map(|event| event["delta"]["text"].as_str());
    texts.collect()
}

#[tokio::test(start_paused = true)]
async fn usage_is_what_the_vendor_bills_whole_or_streamed() {
    for seat in SEATS {
        for is_streamed in [false, true] {
            let rig = seat.rig();

            let asked = question(&seat, "say: one two three", is_streamed);
            let answer = post(&rig, "/v1/messages", &asked).await;

            let name = seat.name;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text);
            assert_eq!(answer.header("x-gateway-provider"), seat.provider, "{name}");
            let usage = if is_streamed {
                let events = events(&answer);
                assert_eq!(text(&events), "one two three", "{name}");
                assert_eq!(events[0]["type"], "message_start", "{name}");
                assert_eq!(events.last().unwrap()["type"], "message_stop", "{name}");
                let delta = &events[events.len() - 2];
                assert_eq!(delta["delta"]["stop_reason"], "end_turn", "{name}");
                delta["usage"].clone()
            } else {
                let message = answer.json();
                assert_eq!(message["stop_reason"], "end_turn", "{name}");
                message["usage"].clone()
            };
            let stats = rig.simulator.stats(seat.vendor);
            let billed: Vec<BilledTokens> = stats.billed.into_values().collect();
            let input = [
                "input_tokens",
                "cache_creation_input_tokens",
                "cache_read_input_tokens",
            ]
            .map(|class| usage[class].as_u64().unwrap());
            assert_eq!(input.iter().sum::<u64>(), billed[0].total_input(), "{name}");
            assert_eq!(usage["output_tokens"], billed[0].total_output(), "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_ends_with_an_error() {
    for seat in SEATS {
        let rig = seat.rig();
        rig.simulator
            .push(seat.vendor, Fault::ResetBody { after_bytes: 3_000 });
        let long = format!("say: {}", "word ".repeat(200));

        let answer = post(&rig, "/v1/messages", &question(&seat, &long, true)).await;

        let events = events(&answer);
        let last = events.last().unwrap();
        assert!(text(&events).starts_with("word "), "{}", seat.name);
        assert_eq!(last["type"], "error", "{}: {last}", seat.name);
        assert_eq!(last["error"]["type"], "overloaded_error", "{}", seat.name);
        let message = last["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("provider_unavailable: "), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_its_status_and_says_when_to_come_back() {
    for seat in SEATS {
        for is_streamed in [false, true] {
            let rig = seat.rig();
            let retry_after = Some("20".to_owned());
            rig.simulator
                .push(seat.vendor, Fault::RateLimited { retry_after });

            let answer = post(&rig, "/v1/messages", &question(&seat, "hi", is_streamed)).await;

            assert_eq!(answer.status, 429, "{}: {}", seat.name, answer.text);
            // Never less than the vendor asks for, and at most a tenth more.
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!((20..=22).contains(&wait), "{}: {wait}", seat.name);
            let error = answer.json();
            assert_eq!(error["type"], "error");
            assert_eq!(error["error"]["type"], "rate_limit_error", "{}", seat.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_named() {
    let rig = SEATS[0].rig();
    let user = |content: Value| json!([{"role": "user", "content": content}]);
    let hi = user(json!("hi"));
    let result = json!([{"type": "tool_result", "tool_use_id": "x", "content": "2"}]);
    for (body, place) in [
        (json!({"messages": hi}), "max_tokens"),
        (
            json!({"messages": hi, "max_tokens": 1, "top_k": -3}),
            "top_k",
        ),
        (json!({"messages": hi, "max_tokens": 1, "wish": 3}), "wish"),
        (
            json!({"messages": user(json!([{"type": "document"}])), "max_tokens": 1}),
            "content[0].source",
        ),
        (
            json!({"messages": user(json!([{"type": "text"}])), "max_tokens": 1}),
            "content[0].text",
        ),
        (
            json!({"messages": user(result), "max_tokens": 1}),
            "answers no tool call",
        ),
        (
            json!({"messages": hi, "max_tokens": 1, "tool_choice": {"type": "tool"}}),
            "tool_choice.name",
        ),
    ] {
        let answer = post(&rig, "/v1/messages", &body).await;

        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        let error = answer.json()["error"].clone();
        assert_eq!(error["type"], "invalid_request_error");
        assert!(
            error["message"].as_str().unwrap().contains(place),
            "{place}: {error}"
        );
    }
    let counted = json!({"messages": hi});
    let answer = post(&rig, "/v1/messages/count_tokens", &counted).await;
    assert!(answer.json()["input_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test(start_paused = true)]
async fn as_much_as_a_model_can_write_may_be_asked_for() {
    let rig = SEATS[1].rig();
    let mut asked = question(&SEATS[1], "say: well", false);
    asked["max_tokens"] = json!(64_000);

    let answer = post(&rig, "/v1/messages?beta=true", &asked).await;

    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Puts the events of a stream together to the content of a message.
fn content(events: &[Value]) -> Vec<Value> {
    let mut blocks: Vec<Value> = Vec::new();
    for event in events {
        let index = event["index"].as_u64().unwrap_or_default() as usize;
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(index, blocks.len(), "{event}");
                blocks.push(event["content_block"].clone());
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                for name in ["text", "thinking", "signature", "partial_json"] {
                    if let Some(piece) = delta[name].as_str() {
                        let so_far = blocks[index][name].as_str().unwrap_or_default();
                        blocks[index][name] = json!(format!("{so_far}{piece}"));
                    }
                }
            }
            _ => {}
        }
    }
    for block in &mut blocks {
        if let Some(arguments) = block["partial_json"].as_str() {
            block["input"] = serde_json::from_str(arguments).unwrap();
        }
        block.as_object_mut().unwrap().remove("partial_json");
    }
    blocks
}

#[tokio::test(start_paused = true)]
async fn a_stream_says_what_a_whole_answer_says() {
    let tools = json!([{"name": "add", "input_schema": {"type": "object"}}]);
    for prompt in ["think, and say: one two", "call tool add {\"a\": 1}"] {
        let rig = Rig::new();
        let ask = |is_streamed: bool| {
            json!({"model": "claude-sonnet-5", "max_tokens": 4_000, "stream": is_streamed,
                "tools": tools, "thinking": {"type": "adaptive"},
                "output_config": {"effort": "high"},
                "messages": [{"role": "user", "content": prompt}]})
        };

        let whole = post(&rig, "/v1/messages", &ask(false)).await.json()["content"].clone();
        let streamed = content(&events(&post(&rig, "/v1/messages", &ask(true)).await));

        let shape = |blocks: &[Value]| -> Vec<Value> {
            let cut = blocks.iter().cloned().map(|mut block| {
                // Each answer has ids and seals of its own.
                let members = block.as_object_mut().unwrap();
                members.remove("id");
                if let Some(seal) = members.get_mut("signature") {
                    *seal = json!(!seal.as_str().unwrap().is_empty());
                }
                block
            });
            cut.collect()
        };
        assert_eq!(whole[0]["type"], "thinking", "{whole:#}");
        assert_eq!(
            shape(&streamed),
            shape(whole.as_array().unwrap()),
            "{prompt}"
        );
    }
}
