//! Every fault, in the form without sockets.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use vendor_sim::{ConnectionFault, Fault, Simulator, Vendor};

use crate::client::{self, Answer, question};

async fn befallen(vendor: Vendor, fault: Fault) -> Result<Answer, ConnectionFault> {
    let simulator = Simulator::new(1);
    simulator.push(vendor, fault);
    client::complete(&simulator, vendor, &question(vendor, "say: hello there")).await
}

pub(crate) async fn answered(vendor: Vendor, fault: Fault) -> Answer {
    befallen(vendor, fault).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn connections_that_fail_are_marked() {
    for vendor in Vendor::ALL {
        let down = befallen(*vendor, Fault::Down).await;
        let reset = befallen(*vendor, Fault::Reset).await;

        assert_eq!(down.err(), Some(ConnectionFault::Refused));
        assert_eq!(reset.err(), Some(ConnectionFault::Reset));
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_hangs_never_answers() {
    let day = Duration::from_secs(86_400);

    assert!(
        timeout(day, befallen(Vendor::OpenAi, Fault::Hang))
            .await
            .is_err()
    );
    let stalled = befallen(Vendor::OpenAi, Fault::Stall { after_bytes: 10 });
    assert!(timeout(day, stalled).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn late_answers_are_late_by_the_time_given() {
    let begun = Instant::now();

    let slow = answered(Vendor::OpenAi, Fault::Slow { ms: 700 }).await;
    let after_slow = begun.elapsed();
    let drip = answered(Vendor::OpenAi, Fault::Drip { gap_ms: 3 }).await;
    let after_drip = begun.elapsed() - after_slow;

    assert_eq!(after_slow, Duration::from_millis(700));
    assert_eq!(slow.at("/choices/0/message/content"), "hello there");
    assert_eq!(
        after_drip,
        Duration::from_millis(3 * drip.bytes.len() as u64)
    );
    assert_eq!(drip.at("/choices/0/message/content"), "hello there");
}

#[tokio::test(start_paused = true)]
async fn bodies_end_early_in_three_ways() {
    let after_bytes = 20;
    let cut = answered(Vendor::OpenAi, Fault::CutBody { after_bytes }).await;
    let short = answered(Vendor::OpenAi, Fault::ShortBody { after_bytes }).await;
    let reset = answered(Vendor::OpenAi, Fault::ResetBody { after_bytes }).await;

    assert_eq!((cut.bytes.len(), cut.body_error), (20, None));
    assert_eq!(cut.header("content-length"), None);
    assert_eq!(
        (short.bytes.len(), short.body_error),
        (20, Some(ErrorKind::UnexpectedEof))
    );
    assert!(
        short
            .header("content-length")
            .unwrap()
            .parse::<usize>()
            .unwrap()
            > 20
    );
    assert_eq!(
        (reset.bytes.len(), reset.body_error),
        (20, Some(ErrorKind::ConnectionReset))
    );
}

#[tokio::test(start_paused = true)]
async fn answers_that_no_vendor_wrote() {
    let html = answered(Vendor::OpenAi, Fault::HtmlError { status: 502 }).await;
    let empty = answered(Vendor::OpenAi, Fault::EmptyBody).await;
    let garbage = answered(Vendor::OpenAi, Fault::Garbage).await;
    let huge = answered(Vendor::OpenAi, Fault::Huge { bytes: 1_000_000 }).await;

    assert_eq!(
        (html.status.as_u16(), html.header("content-type")),
        (502, Some("text/html"))
    );
    assert!(html.text().contains("<h1>502 Bad Gateway</h1>"));
    assert_eq!((empty.status.as_u16(), empty.bytes.len()), (200, 0));
    assert_eq!(
        (garbage.status.as_u16(), garbage.json()),
        (200, Value::Null)
    );
    assert_eq!((huge.status.as_u16(), huge.bytes.len()), (200, 1_000_000));
}

#[tokio::test(start_paused = true)]
async fn openai_answers_that_are_odd() {
    let odd = |fault| answered(Vendor::OpenAi, fault);

    let empty = odd(Fault::EmptyLength).await;
    assert_eq!(empty.at("/choices/0/finish_reason"), "length");
    assert_eq!(empty.at("/choices/0/message/content"), "");
    assert_eq!(
        empty.at("/usage/completion_tokens_details/reasoning_tokens"),
        4_096
    );
    let refusal = odd(Fault::Refusal).await;
    assert_eq!(refusal.at("/choices/0/message/content"), Value::Null);
    assert!(refusal.at("/choices/0/message/refusal").is_string());
    assert_eq!(
        odd(Fault::UnknownFinish)
            .await
            .at("/choices/0/finish_reason"),
        "paused_for_compute"
    );
    assert!(
        odd(Fault::UnknownFields)
            .await
            .at("/provenance")
            .is_object()
    );
    assert_eq!(odd(Fault::NoUsage).await.at("/usage"), Value::Null);
    let error = odd(Fault::ErrorInside200).await;
    assert_eq!(
        (error.status.as_u16(), error.at("/error/type")),
        (200, json!("server_error"))
    );
}

#[tokio::test(start_paused = true)]
async fn anthropic_answers_that_are_odd() {
    let odd = |fault| answered(Vendor::Anthropic, fault);

    let empty = odd(Fault::EmptyLength).await;
    assert_eq!(empty.at("/stop_reason"), "max_tokens");
    assert_eq!(
        (empty.at("/content/0/type"), empty.at("/content/1")),
        (json!("thinking"), Value::Null)
    );
    assert_eq!(
        empty.at("/usage/output_tokens_details/thinking_tokens"),
        1_000
    );
    let refusal = odd(Fault::Refusal).await;
    assert_eq!(
        (refusal.at("/stop_reason"), refusal.at("/content")),
        (json!("refusal"), json!([]))
    );
    assert_eq!(refusal.at("/stop_details/type"), "refusal");
    assert_eq!(
        odd(Fault::UnknownFinish).await.at("/stop_reason"),
        "paused_for_compute"
    );
    assert_eq!(
        odd(Fault::UnknownFields).await.at("/content/0/type"),
        "watermark"
    );
    assert_eq!(odd(Fault::NoUsage).await.at("/usage"), Value::Null);
    let error = odd(Fault::ErrorInside200).await;
    assert_eq!(
        (error.status.as_u16(), error.at("/error/type")),
        (200, json!("overloaded_error"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_finish_reason_is_sent_as_it_was_ordered() {
    let finish = |reason: &str| Fault::Finish {
        reason: reason.to_owned(),
    };

    let openai = answered(Vendor::OpenAi, finish("content_filter")).await;
    let anthropic = answered(Vendor::Anthropic, finish("pause_turn")).await;

    assert_eq!(openai.at("/choices/0/finish_reason"), "content_filter");
    assert_eq!(openai.at("/choices/0/message/content"), "hello there");
    assert_eq!(anthropic.at("/stop_reason"), "pause_turn");
    assert_eq!(anthropic.at("/content/0/text"), "hello there");
}

#[tokio::test(start_paused = true)]
async fn where_no_prompt_is_blocked_the_model_declines() {
    for vendor in [Vendor::OpenAi, Vendor::Anthropic] {
        let blocked = answered(vendor, Fault::BlockedPrompt).await;

        assert_eq!(
            blocked.text(),
            answered(vendor, Fault::Refusal).await.text()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn mistral_answers_that_are_odd() {
    let odd = |fault| answered(Vendor::Mistral, fault);

    let empty = odd(Fault::EmptyLength).await;
    assert_eq!(empty.at("/choices/0/finish_reason"), "length");
    assert_eq!(empty.at("/choices/0/message/content"), "");
    assert_eq!(empty.at("/usage/completion_tokens"), 4_096);
    let refusal = odd(Fault::Refusal).await;
    assert_eq!(refusal.at("/choices/0/finish_reason"), "stop");
    assert!(refusal.at("/choices/0/message/content").is_string());
    assert_eq!(
        odd(Fault::UnknownFinish)
            .await
            .at("/choices/0/finish_reason"),
        "paused_for_compute"
    );
    assert_eq!(
        odd(Fault::UnknownFields)
            .await
            .at("/choices/0/message/content/0/type"),
        "watermark"
    );
    assert_eq!(odd(Fault::NoUsage).await.at("/usage"), Value::Null);
    let error = odd(Fault::ErrorInside200).await;
    assert_eq!(
        (error.status.as_u16(), error.at("/type")),
        (200, json!("internal_server_error"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_script_goes_before_a_standing_fault() {
    let simulator = Simulator::new(1);
    let vendor = Vendor::Anthropic;
    simulator.set_standing(vendor, Some(Fault::Overloaded));
    simulator.push_many(vendor, [Fault::Status { status: 500 }, Fault::Healthy]);
    let mut statuses = Vec::new();

    for _ in 0..4 {
        let answer = client::complete(&simulator, vendor, &question(vendor, "hi"))
            .await
            .unwrap();
        statuses.push(answer.status.as_u16());
    }
    simulator.set_standing(vendor, None);
    let healed = client::complete(&simulator, vendor, &question(vendor, "hi"))
        .await
        .unwrap();

    assert_eq!(statuses, [500, 200, 529, 529]);
    assert_eq!(healed.status, 200);
    let stats = simulator.stats(vendor);
    assert_eq!((stats.received, stats.faulted, stats.refused), (5, 3, 0));
    assert_eq!((stats.faults["overloaded"], stats.faults["status"]), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_request_is_counted_under_any_fault() {
    let simulator = Simulator::new(1);
    let vendor = Vendor::OpenAi;
    let wrong = client::changed(&question(vendor, "hi"), &json!({"max_tokens": 5}));
    simulator.push_many(vendor, [Fault::Overloaded, Fault::Reset, Fault::NoUsage]);

    for _ in 0..3 {
        let _ = client::complete(&simulator, vendor, &wrong).await;
    }

    assert_eq!(simulator.stats(vendor).refused, 3);
    assert!(simulator.stats(vendor).billed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn requests_are_kept_as_they_came() {
    let simulator = Simulator::new(1);
    let body = question(Vendor::OpenAi, "hi");
    simulator.push(Vendor::OpenAi, Fault::Reset);

    let _ = client::complete(&simulator, Vendor::OpenAi, &body).await;
    client::get(&simulator, Vendor::OpenAi, "/v1/models?limit=1").await;

    let requests = simulator.requests(Vendor::OpenAi);
    assert_eq!(requests[0].path, "/v1/chat/completions");
    assert_eq!(requests[0].header("authorization"), Some("Bearer sk-test"));
    assert_eq!(
        (requests[0].body.as_ref(), requests[0].fault),
        (Some(&body), Some("reset"))
    );
    assert_eq!(
        (requests[1].query.as_str(), requests[1].number),
        ("limit=1", 2)
    );
    assert!(simulator.requests(Vendor::Anthropic).is_empty());
}
