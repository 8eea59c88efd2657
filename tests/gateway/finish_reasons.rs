//! Every reason that a vendor gives for an end, and what becomes of it.

use serde_json::json;
use vendor_sim::Fault;

use crate::seats::{SEATS, Seat};

/// What a reason of one vendor's becomes: a finish reason, or the outcome of
/// a failed attempt.
type Row = (&'static str, Result<&'static str, &'static str>);

const OPENAI: &[Row] = &[
    ("stop", Ok("stop")),
    ("length", Ok("length")),
    ("content_filter", Ok("content_filter")),
    ("tool_calls", Ok("tool_calls")),
    ("function_call", Ok("tool_calls")),
    ("next_month", Ok("stop")),
];

const MISTRAL: &[Row] = &[
    ("stop", Ok("stop")),
    ("length", Ok("length")),
    ("model_length", Ok("length")),
    ("tool_calls", Ok("tool_calls")),
    ("error", Err("broken")),
    ("next_month", Ok("stop")),
];

const ANTHROPIC: &[Row] = &[
    ("end_turn", Ok("stop")),
    ("stop_sequence", Ok("stop")),
    ("max_tokens", Ok("length")),
    ("model_context_window_exceeded", Ok("length")),
    ("tool_use", Ok("tool_calls")),
    ("refusal", Ok("content_filter")),
    ("pause_turn", Err("broken")),
    ("next_month", Ok("stop")),
];

const GEMINI: &[Row] = &[
    ("STOP", Ok("stop")),
    ("MAX_TOKENS", Ok("length")),
    ("CONTINUATION", Ok("length")),
    ("SAFETY", Ok("content_filter")),
    ("RECITATION", Ok("content_filter")),
    ("LANGUAGE", Ok("content_filter")),
    ("BLOCKLIST", Ok("content_filter")),
    ("PROHIBITED_CONTENT", Ok("content_filter")),
    ("SPII", Ok("content_filter")),
    ("MODEL_ARMOR", Ok("content_filter")),
    ("ESCALATION", Ok("content_filter")),
    ("IMAGE_SAFETY", Ok("content_filter")),
    ("IMAGE_PROHIBITED_CONTENT", Ok("content_filter")),
    ("IMAGE_RECITATION", Ok("content_filter")),
    ("IMAGE_OTHER", Ok("content_filter")),
    ("NO_IMAGE", Ok("content_filter")),
    ("MALFORMED_FUNCTION_CALL", Err("broken")),
    ("MALFORMED_RESPONSE", Err("broken")),
    ("UNEXPECTED_TOOL_CALL", Err("broken")),
    ("TOO_MANY_TOOL_CALLS", Err("broken")),
    ("OTHER", Err("broken")),
    ("FINISH_REASON_UNSPECIFIED", Err("broken")),
    ("MISSING_THOUGHT_SIGNATURE", Err("invalid_request")),
    ("PUP_LIMITED_DISABLED", Err("unauthorized")),
    ("NEXT_MONTH", Ok("stop")),
];

fn rows(seat: &Seat) -> &'static [Row] {
    match seat.provider {
        "anthropic" => ANTHROPIC,
        "google" => GEMINI,
        "mistral" => MISTRAL,
        _ => OPENAI,
    }
}

#[tokio::test(start_paused = true)]
async fn every_reason_of_every_vendor_has_one_meaning() {
    for seat in SEATS {
        for (reason, expected) in rows(&seat) {
            let rig = seat.rig();
            let fault: Fault = format!("finish:{reason}").parse().unwrap();
            rig.simulator.push(seat.vendor, fault);
            let arguments = json!({"model": seat.model, "prompt": "say: well",
                "reasoning_effort": seat.calm});

            let result = rig.tool("unified_completion", arguments).await;

            let content = &result["structuredContent"];
            let found = match result["isError"] == true {
                false => Ok(content["finish_reason"].as_str().unwrap()),
                true => Err(content["error"]["attempts"][0]["outcome"].as_str().unwrap()),
            };
            assert_eq!(found, *expected, "{} {reason}: {content:#}", seat.name);
            // Whatever the end was, what the vendor billed is in the ledger.
            assert!(
                rig.ledger()[0].usage.tokens.total_input() > 0,
                "{} {reason}",
                seat.name
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_blocked_prompt_is_told_from_a_failure() {
    for seat in SEATS.iter().filter(|seat| seat.provider == "google") {
        let rig = seat.rig();
        rig.simulator
            .push(seat.vendor, "blocked_prompt".parse().unwrap());

        let error = rig
            .refused(json!({"model": seat.model, "prompt": "hi"}))
            .await;

        assert_eq!(
            error["type"], "provider_rejected",
            "{}: {error:#}",
            seat.name
        );
        assert_eq!(error["attempts"][0]["outcome"], "blocked", "{}", seat.name);
        assert_eq!(error["retryable"], false, "{}", seat.name);
    }
}
