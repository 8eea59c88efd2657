//! Streams and time: models that think in silence, text that flows for long,
//! ends that are and are not marked, and readers that do not read.

use std::sync::Arc;
use std::time::Duration;

use ai_gateway::domain::{LedgerEntry, Outcome, UsageSource};
use ai_gateway::providers::{Transport, TransportBody, TransportError};
use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;
use vendor_sim::Simulator;

use crate::support::{Answer, Rig};

/// What OpenAI sends, and how long it takes before each piece.
#[derive(Clone)]
struct Script(Vec<(Duration, Bytes)>);

#[async_trait]
impl Transport for Script {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<TransportBody>, TransportError> {
        let steps = self.0.clone().into_iter();
        let frames = stream::unfold(steps, async |mut steps| {
            let (pause, bytes) = steps.next()?;
            sleep(pause).await;
            Some((Ok(Frame::data(bytes)), steps))
        });
        let response = Response::builder().header("content-type", "text/event-stream");
        Ok(response
            .body(StreamBody::new(frames).boxed_unsync())
            .unwrap())
    }
}

const USAGE: &str = r#"{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}"#;

fn event(delta: &Value, finish: Option<&str>) -> Bytes {
    let chunk = json!({"object": "chat.completion.chunk", "model": "gpt-6-luna",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    Bytes::from(format!("data: {chunk}\n\n"))
}

fn word() -> Bytes {
    event(&json!({"content": "word "}), None)
}

fn finish() -> Bytes {
    event(&json!({}), Some("stop"))
}

fn usage() -> Bytes {
    Bytes::from(format!(
        "data: {{\"model\":\"gpt-6-luna\",\"choices\":[],\"usage\":{USAGE}}}\n\n"
    ))
}

fn done() -> Bytes {
    Bytes::from_static(b"data: [DONE]\n\n")
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A word a second, and the proper end.
fn words(count: usize) -> Vec<(Duration, Bytes)> {
    let mut steps = vec![(Duration::ZERO, event(&json!({"role": "assistant"}), None))];
    steps.extend((0..count).map(|_| (seconds(1), word())));
    steps.extend([finish(), usage(), done()].map(|bytes| (Duration::ZERO, bytes)));
    steps
}

fn rig(steps: Vec<(Duration, Bytes)>) -> Rig {
    Rig::over(Arc::new(Script(steps)), Simulator::new(1), &[])
}

fn question(model: &str) -> Request<Body> {
    let body = json!({"model": model, "stream": true, "gateway": {
        "requirements": {"providers": ["openai"]}},
        "messages": [{"role": "user", "content": "hi"}]});
    Request::post("/v1/chat/completions")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn is_whole(answer: &Answer) -> bool {
    answer.text.ends_with("data: [DONE]\n\n")
}

fn error_code(answer: &Answer) -> String {
    let last = answer.text.trim_end().rsplit("data: ").next().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    last["error"]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn only_entry(rig: &Rig) -> LedgerEntry {
    let mut entries = rig.ledger();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0)
}

/// Tells what the status tool says of OpenAI.
async fn status(rig: &Rig) -> String {
    let status = rig.tool("get_provider_status", json!({})).await;
    let providers = status["structuredContent"]["providers"].as_array().unwrap();
    let openai = providers.iter().find(|it| it["name"] == "openai").unwrap();
    openai["status"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn text_that_flows_is_not_cut() {
    for model in ["auto", "openai/gpt-6-luna"] {
        let rig = rig(words(90));

        for _ in 0..3 {
            let answer = rig.send(question(model)).await;

            assert!(is_whole(&answer), "{model}: {}", answer.text);
        }
        assert_eq!(status(&rig).await, "healthy", "{model}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_less_is_heard() {
    let rig = rig(words(90));
    let mut request = question("openai/gpt-6-luna");
    let headers = request.headers_mut();
    headers.insert("x-stainless-timeout", "7".parse().unwrap());
    let began = Instant::now();

    let answer = rig.send(request).await;

    assert_eq!(error_code(&answer), "gateway_timeout", "{}", answer.text);
    assert!(began.elapsed() <= seconds(7), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_model_may_think_in_silence() {
    let mut steps = words(1);
    steps[1].0 = seconds(45);
    let rig = rig(steps);

    let answer = rig.send(question("openai/gpt-6-luna")).await;

    assert!(is_whole(&answer), "{}", answer.text);
}

#[tokio::test(start_paused = true)]
async fn a_pause_in_the_text_has_its_limit() {
    let mut steps = words(3);
    steps[2].0 = seconds(45);
    let rig = rig(steps);
    let began = Instant::now();

    let answer = rig.send(question("openai/gpt-6-luna")).await;

    assert_eq!(error_code(&answer), "provider_timeout", "{}", answer.text);
    assert!(began.elapsed() < seconds(25), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_vendors_end_is_the_end() {
    let mut steps = words(2);
    // The connection stays open behind it.
    steps.push((seconds(60), Bytes::new()));
    let rig = rig(steps);
    let began = Instant::now();

    let answer = rig.send(question("openai/gpt-6-luna")).await;

    assert!(is_whole(&answer), "{}", answer.text);
    assert!(began.elapsed() < seconds(3), "{:?}", began.elapsed());
    let usage = only_entry(&rig).usage;
    assert_eq!(usage.source, UsageSource::Provider);
    assert_eq!((usage.tokens.input, usage.tokens.output), (1_000, 500));
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_cut_off_is_none() {
    let mut steps = words(2);
    steps.truncate(steps.len() - 2);
    let rig = rig(steps);

    let answer = rig.send(question("openai/gpt-6-luna")).await;

    assert_eq!(
        error_code(&answer),
        "provider_unavailable",
        "{}",
        answer.text
    );
    let entry = only_entry(&rig);
    assert!(matches!(entry.outcome, Outcome::Failed(_)), "{entry:?}");
    assert_eq!(entry.usage.source, UsageSource::Estimated);
}

#[tokio::test(start_paused = true)]
async fn what_was_reported_before_a_break_is_billed() {
    let mut steps = words(2);
    // The counts are there, and then no JSON.
    steps.pop();
    steps.push((Duration::ZERO, Bytes::from_static(b"data: oops\n\n")));
    let rig = rig(steps);

    let answer = rig.send(question("openai/gpt-6-luna")).await;

    assert_eq!(
        error_code(&answer),
        "provider_unavailable",
        "{}",
        answer.text
    );
    let tokens = only_entry(&rig).usage.tokens;
    assert_eq!((tokens.input, tokens.output), (1_000, 500));
}

#[tokio::test(start_paused = true)]
async fn arguments_of_calls_are_billed_when_the_reader_leaves() {
    let call = json!({"index": 0, "id": "call_1", "type": "function",
        "function": {"name": "write", "arguments": ""}});
    let piece = json!({"index": 0, "function": {"arguments": "some more words of it "}});
    let mut steps = vec![(Duration::ZERO, word())];
    steps.push((Duration::ZERO, event(&json!({"tool_calls": [call]}), None)));
    let more = (Duration::ZERO, event(&json!({"tool_calls": [piece]}), None));
    steps.extend(std::iter::repeat_n(more, 1_000));
    steps.push((seconds(3_600), done()));
    let rig = rig(steps);

    let request = question("openai/gpt-6-luna");
    let response = rig.app.router.clone().oneshot(request).await.unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    sleep(seconds(1)).await;
    drop(body);
    tokio::task::yield_now().await;

    let entry = only_entry(&rig);
    assert_eq!(entry.outcome, Outcome::Abandoned);
    assert!(entry.usage.tokens.output > 3_000, "{entry:?}");
    assert!(entry.cost.amount().unwrap().usd() > 0.0);
}

#[tokio::test(start_paused = true)]
async fn readers_that_do_not_read_lose_their_answer_and_blame_nobody() {
    let mut steps = vec![(Duration::ZERO, word()); 5_000];
    steps.extend([finish(), usage(), done()].map(|bytes| (Duration::ZERO, bytes)));
    let rig = rig(steps);

    let mut bodies = Vec::new();
    for _ in 0..4 {
        let request = question("openai/gpt-6-luna");
        let response = rig.app.router.clone().oneshot(request).await.unwrap();
        bodies.push(response.into_body());
    }
    sleep(seconds(40)).await;

    let entries = rig.ledger();
    assert_eq!(entries.len(), 4, "{entries:?}");
    for entry in entries {
        assert_eq!(entry.outcome, Outcome::Abandoned);
    }
    assert_eq!(status(&rig).await, "healthy");
    // Who comes back late is told.
    let rest = bodies.remove(0).collect().await.unwrap().to_bytes();
    let text = String::from_utf8(rest.to_vec()).unwrap();
    assert!(text.contains("took nothing"), "{text}");
}
