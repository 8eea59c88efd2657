//! Answers that come piece by piece, from every vendor.

use ai_gateway::domain::Outcome;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vendor_sim::{BilledTokens, Fault, Vendor};

use crate::seats::{SEATS, Seat};
use crate::support::{Answer, Rig};

const TEXT: &str = "one two three four five six seven eight nine ten, and an é";

fn body(seat: &Seat, more: &Value) -> Value {
    let messages = json!([{"role": "user", "content": format!("say: {TEXT}")}]);
    let mut body = json!({"model": seat.model, "messages": messages, "max_tokens": 2_000,
        "reasoning_effort": seat.calm, "stream": true, "stream_options": {"include_usage": true}});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

/// The events of a stream, `[DONE]` left out; and whether it was there.
fn events(answer: &Answer) -> (Vec<Value>, bool) {
    let data = answer
        .text
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "));
    let (done, events): (Vec<&str>, Vec<&str>) = data.partition(|data| *data == "[DONE]");
    let events = events
        .iter()
        .map(|event| serde_json::from_str(event).unwrap());
    (events.collect(), done.len() == 1)
}

fn text(events: &[Value]) -> String {
    let deltas = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str());
    deltas.collect()
}

#[tokio::test(start_paused = true)]
async fn text_comes_in_pieces_and_usage_last() {
    for seat in SEATS {
        let rig = seat.rig();

        let answer = rig.chat(body(&seat, &json!({})).to_string()).await;

        let name = seat.name;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        assert_eq!(
            answer.header("content-type"),
            "text/event-stream; charset=utf-8"
        );
        assert_eq!(answer.header("x-gateway-provider"), seat.provider, "{name}");
        let (events, is_done) = events(&answer);
        assert!(is_done, "{name}");
        assert_eq!(text(&events), TEXT, "{name}");
        let pieces = events
            .iter()
            .filter(|event| event["choices"][0]["delta"]["content"].is_string());
        assert!(pieces.count() > 3, "{name}: {}", answer.text);
        let finish = &events[events.len() - 2]["choices"][0]["finish_reason"];
        assert_eq!(finish, "stop", "{name}");
        let usage = &events.last().unwrap()["usage"];
        assert_eq!(events.last().unwrap()["choices"], json!([]), "{name}");
        let billed: Vec<BilledTokens> = rig
            .simulator
            .stats(seat.vendor)
            .billed
            .into_values()
            .collect();
        assert_eq!(usage["prompt_tokens"], billed[0].total_input(), "{name}");
        assert_eq!(
            usage["completion_tokens"],
            billed[0].total_output(),
            "{name}"
        );
        let entries = rig.ledger();
        assert_eq!(entries.len(), 1, "{name}");
        assert_eq!(
            entries[0].usage.tokens.total_output(),
            billed[0].total_output(),
            "{name}"
        );
        assert_eq!(rig.simulator.stats(seat.vendor).refused, 0, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_comes_whole() {
    let tools = json!([{"type": "function", "function": {"name": "add"}}]);
    let messages = json!([{"role": "user", "content": "call tool add {\"a\": 1}"}]);
    for seat in SEATS {
        let rig = seat.rig();

        let more = json!({"tools": tools, "messages": messages});
        let answer = rig.chat(body(&seat, &more).to_string()).await;

        let (events, is_done) = events(&answer);
        let calls: Vec<&Value> = events
            .iter()
            .filter_map(|event| event["choices"][0]["delta"]["tool_calls"].get(0))
            .collect();
        assert!(is_done, "{}: {}", seat.name, answer.text);
        assert_eq!(calls.len(), 1, "{}: {}", seat.name, answer.text);
        let function = json!({"name": "add", "arguments": "{\"a\":1}"});
        assert_eq!(calls[0]["function"], function, "{}", seat.name);
        let finish = &events[events.len() - 2]["choices"][0]["finish_reason"];
        assert_eq!(finish, "tool_calls", "{}", seat.name);
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_the_first_piece_is_answered_by_another() {
    for fault in [
        Fault::Reset,
        Fault::Overloaded,
        Fault::Status { status: 500 },
    ] {
        let rig = Rig::new();
        rig.simulator.set_standing(Vendor::Anthropic, Some(fault));
        let more = json!({"messages": [{"role": "user", "content": "say: well"}]});
        let mut request = body(&SEATS[0], &more);
        request["model"] = json!("auto");
        request["reasoning_effort"] = Value::Null;

        for _ in 0..4 {
            let answer = rig.chat(request.to_string()).await;

            let (events, is_done) = events(&answer);
            assert!(is_done, "{}", answer.text);
            assert_eq!(text(&events), "well");
            assert_eq!(answer.header("x-gateway-provider"), "openai");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_before_the_first_piece_has_its_own_status() {
    for seat in SEATS {
        let rig = seat.rig();
        rig.simulator
            .set_standing(seat.vendor, Some(Fault::Status { status: 500 }));

        let answer = rig.chat(body(&seat, &json!({})).to_string()).await;

        assert_eq!(answer.status, 503, "{}: {}", seat.name, answer.text);
        let code = &answer.json()["error"]["code"];
        assert_eq!(code, "provider_unavailable", "{}", seat.name);
    }
}

#[tokio::test(start_paused = true)]
async fn what_breaks_in_the_middle_ends_with_an_error_after_the_text() {
    for seat in SEATS {
        for fault in [
            Fault::ErrorInside200,
            Fault::CutBody { after_bytes: 1_500 },
            Fault::ResetBody { after_bytes: 1_500 },
            Fault::Stall { after_bytes: 1_500 },
        ] {
            let rig = seat.rig();
            let name = format!("{fault} of {}", seat.name);
            let long = format!("say: {}", "word ".repeat(200));
            let more = json!({"messages": [{"role": "user", "content": long}]});
            rig.simulator.set_standing(seat.vendor, Some(fault));

            let answer = rig.chat(body(&seat, &more).to_string()).await;

            // Some break before anything of use is out.
            if answer.status != 200 {
                assert!(
                    answer.json()["error"]["code"].is_string(),
                    "{name}: {}",
                    answer.text
                );
                continue;
            }
            let (events, is_done) = events(&answer);
            assert!(!is_done, "{name}: {}", answer.text);
            assert!(long.contains(text(&events).trim()), "{name}");
            let error = &events.last().unwrap()["error"];
            assert!(
                error["code"].as_str().unwrap().starts_with("provider_"),
                "{name}: {error}"
            );
            let outcome = rig.ledger()[0].outcome;
            assert!(!matches!(outcome, Outcome::Answered), "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_leaves_ends_the_call() {
    for seat in SEATS {
        let rig = seat.rig();
        rig.simulator.push(seat.vendor, Fault::Drip { gap_ms: 5 });
        let request = http::Request::post("/v1/chat/completions")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body(&seat, &json!({})).to_string()))
            .unwrap();

        let response = rig.app.router.clone().oneshot(request).await.unwrap();
        let mut stream = response.into_body();
        let first = stream.frame().await.unwrap().unwrap();
        assert!(first.into_data().unwrap().starts_with(b"data: "));
        drop(stream);
        tokio::task::yield_now().await;

        let entries = rig.ledger();
        assert_eq!(entries.len(), 1, "{}", seat.name);
        assert!(
            !matches!(entries[0].outcome, Outcome::Answered),
            "{}",
            seat.name
        );
    }
}

/// Asks a vendor that takes its time before the first byte.
async fn slow(fault: Fault, more: Value) -> Answer {
    let rig = Rig::new();
    rig.simulator.push(Vendor::OpenAi, fault);
    rig.chat(body(&SEATS[0], &more).to_string()).await
}

#[tokio::test(start_paused = true)]
async fn silence_before_the_first_piece_is_filled_after_ten_seconds() {
    let late = slow(Fault::Slow { ms: 15_000 }, json!({})).await;
    let quick = slow(Fault::Slow { ms: 5_000 }, json!({})).await;

    assert_eq!(late.status, 200);
    assert!(late.text.starts_with(": still there\n\n"), "{}", late.text);
    let (events, is_done) = events(&late);
    assert!(is_done, "{}", late.text);
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(text(&events), TEXT);
    assert!(quick.text.starts_with("data: "), "{}", quick.text);
}

#[tokio::test(start_paused = true)]
async fn a_failure_has_its_status_within_ten_seconds_and_an_event_later() {
    let wait = |ms: u64| json!({"gateway": {"timeout_ms": ms}});

    let early = slow(Fault::Hang, wait(8_000)).await;
    let late = slow(Fault::Hang, wait(12_000)).await;

    assert_eq!(early.status, 504, "{}", early.text);
    assert_eq!(late.status, 200);
    let (events, is_done) = events(&late);
    assert!(!is_done);
    assert_eq!(
        events[0]["error"]["code"], "gateway_timeout",
        "{}",
        late.text
    );
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_stream_tells_what_is_known_then() {
    for seat in SEATS {
        let more = json!({"seed": -1, "top_p": 0.5, "stop": vec!["a"; 16]});
        let answer = seat.rig().chat(body(&seat, &more).to_string()).await;
        let whole = json!({"stream": false, "stream_options": null});
        let mut whole_body = body(&seat, &more);
        whole_body
            .as_object_mut()
            .unwrap()
            .extend(whole.as_object().unwrap().clone());
        let whole = seat.rig().chat(whole_body.to_string()).await;

        for name in ["x-gateway-cache", "x-gateway-dropped-parameters"] {
            assert_ne!(whole.header(name), "", "{} {name}", seat.name);
            assert_eq!(
                answer.header(name),
                whole.header(name),
                "{} {name}",
                seat.name
            );
        }
    }
}
