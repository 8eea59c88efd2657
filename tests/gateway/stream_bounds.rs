//! Streams without end, and readers without haste: bounded, billed, told.

use std::sync::Arc;

use ai_gateway::domain::Outcome;
use ai_gateway::providers::{Transport, TransportBody, TransportError};
use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vendor_sim::Simulator;

use crate::support::Rig;

/// A vendor that streams so many chunks with so much text each, and then
/// ends as it should.
#[derive(Clone, Copy)]
struct Stream {
    chunks: usize,
    text_bytes: usize,
}

impl Stream {
    fn event(self, number: usize) -> Option<Bytes> {
        if number > self.chunks {
            return None;
        }
        let choice = if number == self.chunks {
            json!({"index": 0, "delta": {}, "finish_reason": "stop"})
        } else {
            let text = "word ".repeat(self.text_bytes / 5);
            json!({"index": 0, "delta": {"content": text}, "finish_reason": null})
        };
        let chunk = json!({"id": "chatcmpl-0123456789abcdef0123456789abcdef",
            "object": "chat.completion.chunk", "created": 1_790_000_000, "model": "gpt-6-luna",
            "system_fingerprint": "fp_0123456789", "service_tier": "default", "choices": [choice],
            "usage": null, "obfuscation": "0123456789abcdef"});
        let end = if number == self.chunks {
            "data: [DONE]\n\n"
        } else {
            ""
        };
        Some(Bytes::from(format!("data: {chunk}\n\n{end}")))
    }
}

#[async_trait]
impl Transport for Stream {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<TransportBody>, TransportError> {
        let this = *self;
        let events = stream::unfold(0, move |number| async move {
            let event = this.event(number)?;
            Some((Ok(Frame::data(event)), number + 1))
        });
        let response = Response::builder().header("content-type", "text/event-stream");
        Ok(response
            .body(StreamBody::new(events).boxed_unsync())
            .unwrap())
    }
}

fn rig(stream: Stream) -> Rig {
    let more = [
        ("ANTHROPIC_API_KEY", ""),
        ("GATEWAY__GATEWAY__MAX_IN_FLIGHT", "1"),
    ];
    Rig::over(Arc::new(stream), Simulator::new(1), &more)
}

fn question() -> Request<Body> {
    let body = json!({"model": "gpt-6-luna", "stream": true, "max_tokens": 32_000,
        "messages": [{"role": "user", "content": "hi"}], "gateway": {"timeout_ms": 5_000}});
    Request::post("/v1/chat/completions")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn last_event(text: &str) -> Value {
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn the_longest_answer_there_is_passes() {
    // A token a chunk: some 12 MB on the wire.
    let rig = rig(Stream {
        chunks: 32_000,
        text_bytes: 5,
    });

    let answer = rig.send(question()).await;

    assert!(answer.text.ends_with("data: [DONE]\n\n"));
    assert!(matches!(rig.ledger()[0].outcome, Outcome::Answered));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_fifty_megabytes_is_cut_billed_and_told() {
    for (chunks, text_bytes) in [(150_000, 5), (50_000, 1_000)] {
        let rig = rig(Stream { chunks, text_bytes });

        let answer = rig.send(question()).await;

        let error = last_event(&answer.text)["error"].clone();
        assert_eq!(error["code"], "provider_unavailable", "{error}");
        assert!(
            error["message"].as_str().unwrap().contains("exceeds"),
            "{error}"
        );
        let [entry] = &rig.ledger()[..] else {
            panic!("one attempt")
        };
        assert!(entry.usage.tokens.output > 10_000, "{entry:?}");
        assert!(entry.cost.amount().unwrap().usd() > 0.0, "{entry:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_holds_nothing_up_beyond_its_time() {
    let rig = rig(Stream {
        chunks: 2_000,
        text_bytes: 50,
    });

    let response = rig.app.router.clone().oneshot(question()).await.unwrap();
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap();
    // The call's own time ends, and with it the place that it takes.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;

    assert!(first.into_data().unwrap().starts_with(b"data: "));
    let [entry] = &rig.ledger()[..] else {
        panic!("one attempt")
    };
    assert!(!matches!(entry.outcome, Outcome::Answered), "{entry:?}");
    assert!(entry.usage.tokens.output > 0, "{entry:?}");
    let next = rig.send(question()).await;
    assert_eq!(next.status, 200, "{}", next.text);
    let rest = body.collect().await.unwrap().to_bytes();
    let error = last_event(std::str::from_utf8(&rest).unwrap());
    assert_eq!(error["error"]["code"], "gateway_timeout", "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_its_time_gets_all_of_it() {
    let rig = rig(Stream {
        chunks: 100,
        text_bytes: 5,
    });

    let response = rig.app.router.clone().oneshot(question()).await.unwrap();
    let mut body = response.into_body();
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        text.extend_from_slice(&frame.unwrap().into_data().unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    assert!(text.ends_with(b"data: [DONE]\n\n"));
    assert!(matches!(rig.ledger()[0].outcome, Outcome::Answered));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_nothing_is_a_failure_with_its_status() {
    struct Nothing;

    #[async_trait]
    impl Transport for Nothing {
        async fn send(&self, _: Request<Bytes>) -> Result<Response<TransportBody>, TransportError> {
            let response = Response::builder().header("content-type", "text/event-stream");
            let body = http_body_util::Empty::new().map_err(|never| match never {});
            Ok(response.body(body.boxed_unsync()).unwrap())
        }
    }
    let rig = Rig::over(
        Arc::new(Nothing),
        Simulator::new(1),
        &[("ANTHROPIC_API_KEY", "")],
    );

    let answer = rig.send(question()).await;

    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["error"]["code"], "provider_unavailable");
}
