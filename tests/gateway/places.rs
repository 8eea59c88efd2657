//! How much is under way at once: calls at a vendor, bytes of bodies.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, advance};
use vendor_sim::{Fault, Vendor};

use crate::support::{Answer, Rig, VENDORS};

/// One place at each vendor.
fn narrow() -> Rig {
    Rig::with(&[("GATEWAY__GATEWAY__MAX_IN_FLIGHT_PER_PROVIDER", "1")])
}

fn ask(may_fail_over: bool) -> Value {
    json!({"prompt": "say: ok", "model": "gpt-6-luna", "reasoning_effort": "none",
        "requirements": {"failover_enabled": may_fail_over}})
}

const SLOW: Fault = Fault::Slow { ms: 1_000 };
const MOMENT: Duration = Duration::from_millis(10);

#[tokio::test(start_paused = true)]
async fn a_vendor_without_a_place_is_passed_over() {
    let rig = narrow();
    rig.simulator.push(Vendor::OpenAi, SLOW);
    let began = Instant::now();

    let (first, second) = tokio::join!(rig.complete(ask(true)), async {
        advance(MOMENT).await;
        let answer = rig.complete(ask(true)).await;
        (answer, began.elapsed())
    });
    let (second, took) = second;
    let third = rig.complete(ask(true)).await;

    assert_eq!(first["provider"], "openai");
    assert_eq!(second["provider"], "anthropic");
    assert_eq!(second["routing"]["attempts"].as_array().unwrap().len(), 1);
    assert!(took < Duration::from_millis(100), "{took:?}");
    assert_eq!(third["provider"], "openai", "the place is free again");
}

#[tokio::test(start_paused = true)]
async fn who_has_nobody_else_waits_for_a_place() {
    let rig = narrow();
    for vendor in VENDORS {
        rig.simulator.set_standing(vendor, Some(SLOW));
    }
    let began = Instant::now();
    let timed = async |may_fail_over: bool, pause: Duration| {
        tokio::time::sleep(pause).await;
        let answer = rig.complete(ask(may_fail_over)).await;
        (answer["provider"].clone(), began.elapsed().as_millis())
    };

    let (alone, queued, other) = tokio::join!(
        timed(false, Duration::ZERO),
        timed(false, MOMENT),
        timed(true, MOMENT * 2),
    );
    let later = Instant::now();
    let (_, last) = tokio::join!(rig.complete(ask(true)), async {
        tokio::join!(timed(true, MOMENT), timed(true, MOMENT * 2)).1
    });

    assert_eq!(alone, (json!("openai"), 1_000));
    assert_eq!(queued, (json!("openai"), 2_000));
    assert_eq!(other, (json!("anthropic"), 1_020));
    // Both are full: it waits for whichever it would have asked last.
    let since = last.1 - (later - began).as_millis();
    assert_eq!((last.0, since), (json!("anthropic"), 2_010));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_takes_too_long_is_not_joined_and_one_that_moves_not_is_left() {
    let rig = narrow();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let began = Instant::now();
    let refused = async |pause: Duration| {
        tokio::time::sleep(pause).await;
        let error = rig.refused(ask(false)).await;
        (error, began.elapsed().as_millis())
    };

    let (_, waited, not_joined) = tokio::join!(
        refused(Duration::ZERO),
        refused(MOMENT),
        refused(MOMENT * 2),
    );

    // A call takes two seconds until one has ended.
    for (error, wait) in [(&waited.0, 2_000), (&not_joined.0, 4_000)] {
        assert_eq!(error["type"], "gateway_overloaded", "{error:#}");
        assert_eq!(error["retryable"], true);
        assert_eq!(error["retry_after_ms"], wait);
        assert_eq!(error["attempts"], json!([]));
    }
    assert_eq!((waited.1, not_joined.1), (2_010, 20));
    assert_eq!(rig.asked(Vendor::OpenAi), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_queues_at_a_vendor_that_is_left_alone() {
    let rig = narrow();
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Status { status: 500 }));
    for _ in 0..3 {
        rig.refused(ask(false)).await;
    }
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let mut patient = ask(false);
    patient["timeout_ms"] = json!(3_000);
    let began = Instant::now();

    let (_, (error, took)) = tokio::join!(rig.refused(patient), async {
        advance(MOMENT).await;
        let error = rig.refused(ask(false)).await;
        (error, began.elapsed())
    });

    assert_eq!(error["type"], "provider_unavailable", "{error:#}");
    assert!(error["retry_after_ms"].as_u64().unwrap() > 2_000);
    assert!(took < MOMENT * 5, "{took:?}");
}

/// The room for bodies.
const ROOM: usize = 1 << 20;

fn padded(bytes: usize, is_streamed: bool) -> String {
    let body = json!({"model": "gpt-6-luna", "reasoning_effort": "none", "stream": is_streamed,
        "messages": [{"role": "user", "content": "say: ok"}]});
    let body = body.to_string();
    " ".repeat(bytes - body.len()) + &body
}

/// Posts a body to a door of `/v1`.
async fn post(rig: &Rig, path: &str, body: String) -> Answer {
    let request = Request::post(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body));
    rig.send(request.unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn bodies_beyond_the_room_for_all_are_refused_before_they_are_read() {
    for is_streamed in [false, true] {
        let rig = Rig::with(&[("GATEWAY__SERVER__MAX_BODY_BYTES_IN_FLIGHT", "1048576")]);
        rig.simulator.push(Vendor::OpenAi, SLOW);
        let chat = |bytes: usize| rig.chat(padded(bytes, is_streamed));

        let (first, (refused, over_mcp, small)) = tokio::join!(chat(ROOM * 3 / 4), async {
            advance(MOMENT).await;
            let large = || padded(ROOM / 2, false);
            let refused = [
                chat(ROOM / 2).await,
                post(&rig, "/v1/messages", large()).await,
            ];
            (refused, rig.mcp(large()).await, chat(ROOM / 8).await)
        });
        let after = chat(ROOM).await;

        for answer in refused {
            let words = &answer.text;
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{words}");
            assert!(words.contains("gateway_overloaded"), "{words}");
            assert_eq!(answer.header("x-should-retry"), "true", "{words}");
            assert_eq!(answer.header("retry-after-ms"), "250", "{words}");
            assert_eq!(answer.header("retry-after"), "1", "{words}");
        }
        assert_eq!(over_mcp.status, StatusCode::SERVICE_UNAVAILABLE);
        let error = &over_mcp.json()["error"];
        assert_eq!(error["code"], -32099, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with("gateway_overloaded: "), "{error}");
        assert_eq!(over_mcp.header("retry-after-ms"), "250");
        assert_eq!(over_mcp.header("x-should-retry"), "true");
        for answer in [first, small, after] {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        }
        assert_eq!(rig.asked(Vendor::OpenAi), 3);
    }
}
