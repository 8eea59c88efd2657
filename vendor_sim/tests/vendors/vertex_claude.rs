//! Claude on Vertex AI.

use serde_json::{Value, json};
use vendor_sim::{Fault, Simulator, Vendor};

use crate::client::{self, Answer, changed};

const MODELS: &str = "/v1/projects/simulated-project/locations/global/publishers/anthropic/models";

fn base() -> Value {
    json!({"anthropic_version": "vertex-2023-10-16", "max_tokens": 1_000,
        "messages": [{"role": "user", "content": "say: hello there"}]})
}

async fn post(action: &str, body: &Value, fault: Fault) -> Answer {
    let simulator = Simulator::new(1);
    simulator.push(Vendor::Vertex, fault);
    let path = format!("{MODELS}/{action}");
    let answer = client::post(&simulator, Vendor::Vertex, &path, body).await;
    answer.unwrap()
}

async fn ask(action: &str, changes: Value) -> Answer {
    post(action, &changed(&base(), &changes), Fault::Healthy).await
}

#[tokio::test(start_paused = true)]
async fn claude_answers_in_its_own_shape() {
    let answer = ask("claude-haiku-5-5:rawPredict", json!({})).await;

    assert_eq!(answer.at("/type"), "message");
    assert_eq!(answer.at("/model"), "claude-haiku-5-5");
    assert_eq!(answer.at("/content/0/text"), "hello there");
    assert_eq!(answer.at("/stop_reason"), "end_turn");
    assert!(answer.header("request-id").is_some());
    assert_eq!(
        answer.header("anthropic-ratelimit-requests-remaining"),
        None
    );
}

#[tokio::test(start_paused = true)]
async fn claude_streams_its_named_events() {
    let changes = json!({"stream": true});

    let answer = ask("claude-haiku-5-5:streamRawPredict", changes).await;

    let text = answer.text();
    assert!(text.starts_with("event: message_start\n"));
    assert!(text.contains("event: message_stop\n"));
}

#[tokio::test(start_paused = true)]
async fn dated_names_have_an_at_sign() {
    let status = async |name: &str| {
        let answer = ask(&format!("{name}:rawPredict"), json!({})).await;
        answer.status.as_u16()
    };

    assert_eq!(status("claude-haiku-4-5@20251001").await, 200);
    assert_eq!(status("claude-sonnet-4-5@20250929").await, 200);
    assert_eq!(status("claude-opus-5-5").await, 200);
    for name in [
        "claude-haiku-4-5",
        "claude-haiku-4-5-20251001",
        "claude-haiku-4@5-20251001",
        "claude-opus-5@5",
        "claude-opus-5-5@20260101",
        "claude-1",
    ] {
        let answer = ask(&format!("{name}:rawPredict"), json!({})).await;

        assert_eq!(answer.status, 404, "{name}");
        assert_eq!(answer.at("/error/status"), "NOT_FOUND");
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_do_not_fit() {
    for (action, changes, message) in [
        (
            "rawPredict",
            json!({"anthropic_version": null}),
            "anthropic_version: Field required",
        ),
        (
            "rawPredict",
            json!({"anthropic_version": "2023-06-01"}),
            "anthropic_version: Input should be 'vertex-2023-10-16' or '2026-10-21'",
        ),
        (
            "rawPredict",
            json!({"model": "claude-haiku-5-5"}),
            "model: Extra inputs are not permitted",
        ),
        (
            "rawPredict",
            json!({"max_tokens": null}),
            "max_tokens: Field required",
        ),
        (
            "rawPredict",
            json!({"temperature": 0.5}),
            "`temperature` is deprecated for this model.",
        ),
        (
            "rawPredict",
            json!({"temperature": 1, "anthropic_version": "2026-10-21"}),
            "temperature: Extra inputs are not permitted",
        ),
        (
            "rawPredict",
            json!({"stream": true}),
            "stream: must be true for streamRawPredict, and only there",
        ),
        (
            "streamRawPredict",
            json!({}),
            "stream: must be true for streamRawPredict, and only there",
        ),
    ] {
        let answer = ask(&format!("claude-haiku-5-5:{action}"), changes).await;

        assert_eq!(answer.status, 400, "{message}");
        assert_eq!(answer.at("/error/type"), "invalid_request_error");
        assert_eq!(answer.at("/error/message"), message);
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_are_counted_for_the_model_in_the_body() {
    let count = async |changes: Value| {
        let body = changed(&base(), &json!({"max_tokens": null}));
        let body = changed(&body, &changes);
        post("count-tokens:rawPredict", &body, Fault::Healthy).await
    };
    let haiku = "claude-haiku-4-5@20251001";

    let counted = count(json!({"model": haiku})).await;
    let unversioned = count(json!({"model": haiku, "anthropic_version": null})).await;
    let unnamed = count(json!({})).await;
    let unknown = count(json!({"model": "claude-haiku-4-5"})).await;

    assert_eq!(counted.at("/input_tokens"), 8);
    assert_eq!(unversioned.at("/input_tokens"), 8);
    assert_eq!(unnamed.status, 400);
    assert_eq!(
        (unknown.status.as_u16(), unknown.at("/error/type")),
        (404, json!("not_found_error"))
    );
}

#[tokio::test(start_paused = true)]
async fn troubles_are_googles_and_odd_answers_are_claudes() {
    let action = "claude-haiku-5-5:rawPredict";
    let finish = Fault::Finish {
        reason: "pause_turn".to_owned(),
    };

    let overloaded = post(action, &base(), Fault::Overloaded).await;
    let paused = post(action, &base(), finish).await;

    assert_eq!(
        (overloaded.status.as_u16(), overloaded.at("/error/status")),
        (503, json!("UNAVAILABLE"))
    );
    assert_eq!(paused.at("/stop_reason"), "pause_turn");
}
