//! Google's answers in pieces.

use serde_json::{Value, json};
use vendor_sim::{Fault, Simulator, Vendor};

use crate::client::{self, Answer};

async fn streamed(query: &str, changes: Value, fault: Fault) -> Answer {
    let simulator = Simulator::new(1);
    simulator.push(Vendor::Google, fault);
    let contents = json!([{"role": "user", "parts": [{"text": "say: hello there €uro"}]}]);
    let body = client::changed(&json!({"contents": contents}), &changes);
    let path = format!("/v1/models/gemini-3.8-flash:streamGenerateContent{query}");
    let answer = client::post(&simulator, Vendor::Google, &path, &body).await;
    answer.unwrap()
}

async fn events(changes: Value, fault: Fault) -> Vec<Value> {
    let answer = streamed("?alt=sse", changes, fault).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = answer.text();
    let blocks = text.split_terminator("\r\n\r\n");
    let data = blocks.map(|block| block.strip_prefix("data: ").unwrap_or(block));
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn text(events: &[Value]) -> String {
    let parts = events
        .iter()
        .map(|event| &event["candidates"][0]["content"]["parts"][0]);
    parts.filter_map(|part| part["text"].as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn events_end_with_a_finish_reason_and_all_of_the_usage() {
    let events = events(json!({}), Fault::Healthy).await;

    let (last, others) = events.split_last().unwrap();
    assert_eq!(text(&events), "hello there €uro");
    assert!(others.len() > 1);
    assert!(
        others
            .iter()
            .all(|event| event["candidates"][0].get("finishReason").is_none()
                && event["usageMetadata"].get("thoughtsTokenCount").is_none())
    );
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert_eq!(last["usageMetadata"]["candidatesTokenCount"], 5);
    assert!(last["usageMetadata"]["thoughtsTokenCount"].is_u64());
    assert!(
        events
            .iter()
            .all(|event| event["responseId"] == last["responseId"]
                && event["modelVersion"] == "gemini-3.8-flash")
    );
}

#[tokio::test(start_paused = true)]
async fn without_alt_sse_a_stream_is_an_array() {
    let answer = streamed("", json!({}), Fault::Healthy).await;

    let events = answer.json();
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=UTF-8")
    );
    assert_eq!(text(events.as_array().unwrap()), "hello there €uro");
}

#[tokio::test(start_paused = true)]
async fn a_call_comes_in_one_piece_and_with_its_signature() {
    let changes = json!({
        "tools": [{"functionDeclarations": [{"name": "add"}]}],
        "contents": [{"role": "user", "parts": [{"text": "call tool add {\"a\": 1}"}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": true}},
    });
    let events = events(changes, Fault::Healthy).await;

    let parts: Vec<_> = events
        .iter()
        .map(|event| &event["candidates"][0]["content"]["parts"][0])
        .collect();
    let calls: Vec<_> = parts
        .iter()
        .filter(|part| part["functionCall"].is_object())
        .collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["functionCall"]["args"], json!({"a": 1}));
    assert!(calls[0]["thoughtSignature"].is_string());
    assert_eq!(parts[0]["thought"], true);
    assert_eq!(
        events.last().unwrap()["candidates"][0]["finishReason"],
        "STOP"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_breaks_off_the_stream_without_data() {
    let answer = streamed("?alt=sse", json!({}), Fault::ErrorInside200).await;
    let array = streamed("", json!({}), Fault::ErrorInside200).await;

    let text = answer.text();
    let (events, error) = text.rsplit_once("\r\n\r\n").unwrap();
    assert_eq!(events.matches("data: ").count(), 2);
    assert!(error.starts_with("[\n") && error.lines().count() > 3);
    let error: Value = serde_json::from_str(error).unwrap();
    assert_eq!(error[0]["error"]["status"], "INTERNAL");
    assert_eq!(array.at("/2/error/code"), 500);
}

#[tokio::test(start_paused = true)]
async fn streams_that_are_odd() {
    let odd = |fault| events(json!({}), fault);

    let blocked = odd(Fault::BlockedPrompt).await;
    assert_eq!(blocked.len(), 1);
    assert_eq!(
        blocked[0]["promptFeedback"]["blockReason"],
        "PROHIBITED_CONTENT"
    );
    assert_eq!(blocked[0]["usageMetadata"]["promptTokenCount"], 10);
    let empty = odd(Fault::EmptyLength).await;
    assert_eq!(
        empty[0]["candidates"],
        json!([{"index": 0, "finishReason": "MAX_TOKENS"}])
    );
    let refusal = odd(Fault::Refusal).await;
    assert_eq!(refusal[0]["candidates"][0]["finishReason"], "SAFETY");
    let reason = "MALFORMED_FUNCTION_CALL".to_owned();
    let finish = odd(Fault::Finish { reason }).await;
    let last = finish.last().unwrap();
    assert_eq!(
        last["candidates"][0]["finishReason"],
        "MALFORMED_FUNCTION_CALL"
    );
    let no_usage = odd(Fault::NoUsage).await;
    assert!(
        no_usage
            .iter()
            .all(|event| event.get("usageMetadata").is_none())
    );
}
