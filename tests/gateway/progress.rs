//! What a client that waits is told meanwhile.

use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::seats::{SEATS, Seat};
use crate::support::{Answer, Rig};

const TEXT: &str = "one two three four five six seven eight nine ten, and an é";

/// Calls with a progress token and returns the notifications' parameters and
/// the tool's result.
async fn told(rig: &Rig, arguments: &Value) -> (Vec<Value>, Value) {
    let params = json!({"name": "unified_completion", "arguments": arguments,
        "_meta": {"progressToken": "tok-1"}});
    let call = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
    let answer = rig.mcp(call.to_string()).await;
    let mut messages = messages(&answer);
    let result = messages.pop().unwrap()["result"].clone();
    let notices: Vec<Value> = messages
        .iter()
        .map(|message| {
            assert_eq!(message["method"], "notifications/progress");
            assert_eq!(message["params"]["progressToken"], "tok-1");
            message["params"].clone()
        })
        .collect();
    let steps = notices
        .iter()
        .map(|notice| notice["progress"].as_f64().unwrap());
    assert!(steps.is_sorted_by(|one, next| one < next), "{notices:#?}");
    (notices, result)
}

/// The JSON-RPC messages of an answer, be it one or a stream.
fn messages(answer: &Answer) -> Vec<Value> {
    if answer
        .header("content-type")
        .starts_with("application/json")
    {
        return vec![answer.json()];
    }
    let data = answer
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(str::trim)
        .filter(|data| !data.is_empty());
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn text(notices: &[Value]) -> String {
    let texts = notices
        .iter()
        .filter_map(|notice| notice["message"].as_str());
    texts.collect()
}

fn question(seat: &Seat) -> Value {
    json!({"model": seat.model, "prompt": format!("say: {TEXT}"), "max_tokens": 2_000,
        "reasoning_effort": seat.calm, "stream": true})
}

#[tokio::test(start_paused = true)]
async fn the_text_comes_while_it_is_made() {
    for seat in SEATS {
        let rig = seat.rig();
        rig.simulator.push(seat.vendor, Fault::Drip { gap_ms: 5 });

        let (notices, result) = told(&rig, &question(&seat)).await;

        assert_eq!(text(&notices), TEXT, "{}", seat.name);
        assert!(notices.len() > 2, "{}: {notices:#?}", seat.name);
        assert_eq!(result["content"][0]["text"], TEXT, "{}", seat.name);
        assert_eq!(result["isError"], false, "{}", seat.name);
        let metrics = rig.get("/metrics").await.text;
        for name in [
            "gateway_time_to_first_token_seconds",
            "gateway_output_tokens_per_second",
        ] {
            let line = format!("{name}_count{{provider=\"{}\"}} 1", seat.provider);
            assert!(metrics.contains(&line), "{}: {metrics}", seat.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn text_that_comes_fast_is_put_together() {
    let seat = SEATS[0];
    let rig = seat.rig();
    let long = "word ".repeat(400);
    let mut arguments = question(&seat);
    arguments["prompt"] = json!(format!("say: {long}"));

    let (notices, result) = told(&rig, &arguments).await;

    assert_eq!(text(&notices).trim(), long.trim());
    assert!(notices.len() <= 3, "{}", notices.len());
    assert_eq!(result["isError"], false);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_thinks_for_long_does_not_look_dead() {
    for is_streamed in [true, false] {
        let rig = SEATS[0].rig();
        rig.simulator
            .push(Vendor::OpenAi, Fault::Slow { ms: 18_000 });
        let mut arguments = question(&SEATS[0]);
        arguments["stream"] = json!(is_streamed);

        let (notices, result) = told(&rig, &arguments).await;

        let silent = notices.iter().filter(|notice| notice["message"].is_null());
        assert_eq!(silent.count(), 3, "{notices:#?}");
        let expected = if is_streamed { TEXT } else { "" };
        assert_eq!(text(&notices), expected);
        assert_eq!(result["content"][0]["text"], TEXT);
    }
}

#[tokio::test(start_paused = true)]
async fn who_did_not_ask_is_told_nothing() {
    let rig = SEATS[0].rig();
    rig.simulator
        .push(Vendor::OpenAi, Fault::Slow { ms: 18_000 });

    // The helper takes an answer that is one JSON document.
    let answer = rig.complete(question(&SEATS[0])).await;

    assert_eq!(answer["text"], TEXT);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_leaves_its_text_and_its_bill() {
    for seat in SEATS {
        let rig = seat.rig();
        let long = "word ".repeat(200);
        let mut arguments = question(&seat);
        arguments["prompt"] = json!(format!("say: {long}"));
        rig.simulator
            .push(seat.vendor, Fault::ResetBody { after_bytes: 3_000 });

        let (notices, result) = told(&rig, &arguments).await;

        let error = &result["structuredContent"]["error"];
        assert_eq!(
            error["type"], "provider_unavailable",
            "{}: {result:#}",
            seat.name
        );
        let partial = error["partial_text"].as_str().unwrap();
        assert!(
            partial.starts_with("word word"),
            "{}: {result:#}",
            seat.name
        );
        assert_eq!(partial, text(&notices), "{}", seat.name);
        let [entry] = &rig.ledger()[..] else {
            panic!("{}: one attempt", seat.name)
        };
        let words = partial.split_whitespace().count() as u64;
        assert!(
            entry.usage.tokens.output >= words,
            "{}: {entry:?}",
            seat.name
        );
        assert!(
            entry.usage.tokens.total_input() > 0,
            "{}: {entry:?}",
            seat.name
        );
        assert!(entry.cost.amount().unwrap().usd() > 0.0, "{}", seat.name);
    }
}
