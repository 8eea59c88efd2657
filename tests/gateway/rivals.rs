//! Faults that were seen in other gateways and must not come up here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ai_gateway::providers::{Transport, TransportBody, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use vendor_sim::{Fault, Simulator, Vendor};

use crate::seats::SEATS;
use crate::support::{
    ANTHROPIC_KEY, Answer, GEMINI_KEY, GROQ_KEY, MISTRAL_KEY, OPENAI_KEY, Rig, VENDORS,
};

fn chat(model: &str, is_streamed: bool) -> String {
    let messages = json!([{"role": "user", "content": "hi"}]);
    json!({"model": model, "messages": messages, "stream": is_streamed}).to_string()
}

/// OpenAI, with a piece of text and then something else.
struct Begun(Then);

#[derive(Clone, Copy, Debug)]
enum Then {
    Silence,
    ErrorsWithoutEnd,
    ErrorAndDone,
}

#[async_trait]
impl Transport for Begun {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<TransportBody>, TransportError> {
        let delta = json!({"role": "assistant", "content": "well"});
        let choice = json!({"index": 0, "delta": delta, "finish_reason": null});
        let text = json!({"model": "gpt-6-luna", "choices": [choice]});
        let error = json!({"error": {"message": "the server had an error", "type": "server_error",
            "param": null, "code": null}});
        let [text, error] = [text, error].map(|event| Bytes::from(format!("data: {event}\n\n")));
        let begun = stream::once(async { text });
        let body = match self.0 {
            Then::Silence => begun.chain(stream::pending()).boxed(),
            Then::ErrorsWithoutEnd => begun.chain(stream::repeat(error)).boxed(),
            Then::ErrorAndDone => {
                let rest = [error, Bytes::from_static(b"data: [DONE]\n\n")];
                begun.chain(stream::iter(rest)).boxed()
            }
        };
        let body = StreamBody::new(body.map(|bytes| Ok(Frame::data(bytes))));
        let response = Response::builder().header("content-type", "text/event-stream");
        Ok(response.body(body.boxed_unsync()).unwrap())
    }
}

fn events(answer: &Answer) -> VecDeque<&str> {
    let events = answer.text.split("\n\n");
    events
        .filter_map(|event| event.strip_prefix("data: "))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_ends_with_one_error_and_no_mark_of_success() {
    for then in [Then::Silence, Then::ErrorsWithoutEnd, Then::ErrorAndDone] {
        let rig = Rig::over(Arc::new(Begun(then)), Simulator::new(1), &[]);
        let asked = rig.chat(chat("openai/gpt-6-luna", true));

        let answer = timeout(Duration::from_secs(60), asked).await;

        let answer = answer.unwrap_or_else(|_| panic!("{then:?}: the stream goes on and on"));
        let mut events = events(&answer);
        let last: Value = serde_json::from_str(events.pop_back().unwrap()).unwrap();
        let code = last["error"]["code"].as_str().unwrap_or_default();
        assert!(code.starts_with("provider_"), "{then:?}: {}", answer.text);
        assert!(
            events.iter().all(|event| !event.contains(r#""error""#)),
            "{then:?}: {}",
            answer.text
        );
        assert!(!answer.text.contains("[DONE]"), "{then:?}: {}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_does_not_hold_its_caller_for_wait_after_wait() {
    for (model, seconds, most) in [
        // What is long is told, not waited for.
        ("auto", "20", 1),
        ("openai/gpt-6-luna", "20", 1),
        ("auto", "2", 3),
        // One short wait at most where nobody else is left.
        ("openai/gpt-6-luna", "2", 3),
    ] {
        let rig = Rig::new();
        for vendor in VENDORS {
            let retry_after = Some(seconds.to_owned());
            let fault = Fault::RateLimited { retry_after };
            rig.simulator.set_standing(vendor, Some(fault));
        }
        let began = Instant::now();

        let error = rig.refused(json!({"prompt": "hi", "model": model})).await;

        let waited = began.elapsed();
        assert!(waited < Duration::from_secs(most), "{model}: {waited:?}");
        assert_eq!(error["type"], "provider_rate_limited", "{model}: {error:#}");
        let wait = error["retry_after_ms"].as_u64();
        assert!(wait.is_some_and(|wait| wait > 0), "{model}: {error:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendors_bad_body_is_not_the_callers_fault() {
    let faults = [
        Fault::HtmlError { status: 200 },
        Fault::EmptyBody,
        Fault::Garbage,
        Fault::Deep { levels: 100 },
        Fault::WrongTypes,
        Fault::CutBody { after_bytes: 30 },
        Fault::Huge { bytes: 9 << 20 },
    ];
    for seat in SEATS {
        for fault in &faults {
            let rig = seat.rig();
            let name = format!("{fault} of {}", seat.name);
            rig.simulator.set_standing(seat.vendor, Some(fault.clone()));

            let asked = json!({"prompt": "hi", "model": seat.model});
            let error = rig.refused(asked).await;
            let whole = rig.chat(chat(seat.model, false)).await;
            let streamed = rig.chat(chat(seat.model, true)).await;

            assert_eq!(error["type"], "provider_unavailable", "{name}: {error:#}");
            assert_eq!(error["retryable"], true, "{name}");
            assert!(whole.status.is_server_error(), "{name}: {}", whole.text);
            assert!(
                streamed.status.is_server_error(),
                "{name}: {}",
                streamed.text
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_configured_fallback_is_asked_next_whatever_the_fault() {
    let order = "{openai/gpt-6-luna: [anthropic/claude-sonnet-4-6, mistral/codestral-2508]}";
    let faults = [
        Fault::Down,
        Fault::Reset,
        Fault::Hang,
        Fault::Overloaded,
        Fault::RateLimited { retry_after: None },
        Fault::QuotaExhausted,
        Fault::Garbage,
        Fault::ErrorInside200,
        Fault::Status { status: 401 },
        Fault::Status { status: 404 },
        Fault::Status { status: 500 },
    ];
    for fault in faults {
        for is_streamed in [false, true] {
            // What comes after the first piece ends a stream.
            if is_streamed && fault == Fault::ErrorInside200 {
                continue;
            }
            let rig = Rig::of_all(&[("GATEWAY__ROUTING__FALLBACKS", order)]);
            rig.simulator
                .set_standing(Vendor::OpenAi, Some(fault.clone()));
            rig.simulator
                .set_standing(Vendor::Anthropic, Some(fault.clone()));
            let body = json!({"model": "gpt-6-luna", "stream": is_streamed,
                "messages": [{"role": "user", "content": "say: well"}],
                "gateway": {"requirements": {"failover_enabled": true}}});

            let answer = rig.chat(body.to_string()).await;

            assert_eq!(answer.status, 200, "{fault}: {}", answer.text);
            let model = answer.header("x-gateway-model");
            // The head of a stream that waited for long goes out early.
            if !(is_streamed && fault == Fault::Hang) {
                assert_eq!(model, "codestral-2508", "{fault}, streamed: {is_streamed}");
            }
            assert_eq!(rig.asked(Vendor::OpenAi), 1, "{fault}");
            let second = rig.last_question(Vendor::Anthropic);
            assert_eq!(second["model"], "claude-sonnet-4-6", "{fault}");
        }
    }
}

/// A vendor that quotes the request's headers and address in an error, in a
/// form that every adapter reads.
struct Quoting {
    status: u16,
    is_event: bool,
}

#[async_trait]
impl Transport for Quoting {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<TransportBody>, TransportError> {
        let mut words: Vec<String> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}={}", value.to_str().unwrap_or_default()))
            .collect();
        words.push(request.uri().to_string());
        let quoted = words.join(" ");
        // As some do: the middle of a key in stars.
        let masked: Vec<String> = words
            .iter()
            .map(|word| {
                let cut = word.len().saturating_sub(6);
                format!("{}****{}", &word[..cut], &word[word.len() - 4..])
            })
            .collect();
        let message = format!("denied: {quoted} or {}", masked.join(", "));
        let error = json!({"message": message, "type": "some_error", "status": "UNKNOWN",
            "code": self.status});
        let body = json!({"type": "error", "message": message, "error": error});
        let (kind, text) = if self.is_event {
            (
                "text/event-stream",
                format!("event: error\ndata: {body}\n\n"),
            )
        } else {
            ("application/json", body.to_string())
        };
        let body = Full::new(Bytes::from(text)).map_err(|never| match never {});
        let response = Response::builder()
            .status(self.status)
            .header("content-type", kind);
        Ok(response.body(body.boxed_unsync()).unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendors_words_pass_no_key_on() {
    let keys = [OPENAI_KEY, ANTHROPIC_KEY, GEMINI_KEY, MISTRAL_KEY, GROQ_KEY];
    for (status, is_event) in [
        (400, false),
        (401, false),
        (403, false),
        (404, false),
        (429, false),
        (500, false),
        (200, false),
        (200, true),
    ] {
        for seat in SEATS {
            let transport = Arc::new(Quoting { status, is_event });
            let rig = seat.rig_over(transport, Simulator::new(1));

            let asked = json!({"prompt": "hi", "model": seat.model, "explain": true});
            let error = rig.refused(asked).await;
            let whole = rig.chat(chat(seat.model, false)).await;
            let streamed = rig.chat(chat(seat.model, true)).await;
            let state = rig.tool("get_provider_status", json!({})).await;
            let usage = rig.tool("get_usage_metrics", json!({})).await;
            let seen = format!(
                "{error} {whole:?} {streamed:?} {state} {usage} {:?}",
                rig.whole_ledger()
            );

            assert!(seen.contains("***"), "{status} of {}: {seen}", seat.name);
            for key in keys {
                // Eight bytes of a key are as good as half of it.
                let piece = &key[..8];
                assert!(
                    !seen.contains(piece),
                    "{status} of {}, event: {is_event}: {piece}",
                    seat.name
                );
            }
        }
    }
}
