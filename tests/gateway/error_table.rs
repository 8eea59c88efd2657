//! The vendors' own words for what went wrong, one after the other, and what
//! each of them means.

use std::sync::Arc;

use ai_gateway::providers::{Transport, TransportBody, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use vendor_sim::Simulator;

use crate::seats::{SEATS, Seat};

/// A vendor that has one answer to everything.
struct Saying {
    status: u16,
    body: String,
}

#[async_trait]
impl Transport for Saying {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<TransportBody>, TransportError> {
        let body = Full::new(Bytes::from(self.body.clone())).map_err(|never| match never {});
        let response = Response::builder().status(self.status);
        Ok(response.body(body.boxed_unsync()).unwrap())
    }
}

/// Returns the outcome of a call at `seat` whose vendor answers so.
async fn outcome(seat: &Seat, status: u16, body: &Value) -> String {
    let body = body.to_string();
    let rig = seat.rig_over(Arc::new(Saying { status, body }), Simulator::new(1));
    let question = json!({"model": seat.model, "prompt": "hi", "reasoning_effort": seat.calm});
    let error = rig.refused(question).await;
    error["attempts"][0]["outcome"].as_str().unwrap().to_owned()
}

async fn each_means(vendors: &[&str], cases: &[(u16, Value, &str)]) {
    let seats: Vec<&Seat> = SEATS
        .iter()
        .filter(|seat| vendors.contains(&seat.name))
        .collect();
    assert_eq!(seats.len(), vendors.len());
    for seat in seats {
        for (status, body, expected) in cases {
            let outcome = outcome(seat, *status, body).await;
            assert_eq!(outcome, *expected, "{}: {status} {body}", seat.name);
        }
    }
}

/// An error of OpenAI's form, which Groq has too.
fn coded(kind: &str, code: &str, message: &str) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

/// An error of Anthropic's form.
fn typed(kind: &str, message: &str, error_code: Option<&str>) -> Value {
    let mut error = json!({"type": kind, "message": message});
    if let Some(code) = error_code {
        error["details"] = json!({"error_code": code});
    }
    json!({"type": "error", "error": error, "request_id": "req_1"})
}

/// An error of Google's form.
fn graded(code: u16, status: &str, message: &str, details: &Value) -> Value {
    json!({"error": {"code": code, "status": status, "message": message, "details": details}})
}

#[tokio::test(start_paused = true)]
async fn openai_and_groq() {
    let bad = |code, message| coded("invalid_request_error", code, message);
    each_means(
        &["OpenAI", "Groq"],
        &[
            (
                400,
                bad("context_length_exceeded", "too long"),
                "context_length",
            ),
            (
                400,
                bad("unsupported_parameter", "no such thing"),
                "invalid_request",
            ),
            (
                400,
                bad("unsupported_value", "not this value"),
                "invalid_request",
            ),
            (
                400,
                bad("json_validate_failed", "no JSON"),
                "invalid_request",
            ),
            (400, bad("tool_use_failed", "no call"), "invalid_request"),
            (
                400,
                bad("model_decommissioned", "gone"),
                "model_unavailable",
            ),
            (400, bad("content_filter", "no"), "blocked"),
            (404, bad("model_not_found", "gone"), "model_unavailable"),
            (401, bad("invalid_api_key", "who?"), "unauthorized"),
            (
                413,
                coded("tokens", "rate_limit_exceeded", "TPM"),
                "too_large_for_plan",
            ),
            (
                429,
                coded(
                    "tokens",
                    "rate_limit_exceeded",
                    "Request too large for x on tokens per min (TPM)",
                ),
                "too_large_for_plan",
            ),
            (
                429,
                coded("requests", "rate_limit_exceeded", "slower"),
                "rate_limited",
            ),
            (
                429,
                coded("requests", "slow_down", "slower"),
                "rate_limited",
            ),
            (
                429,
                coded("insufficient_quota", "insufficient_quota", "pay"),
                "quota_exhausted",
            ),
            (
                429,
                coded(
                    "insufficient_quota",
                    "organization_usage_limit_exceeded",
                    "pay",
                ),
                "quota_exhausted",
            ),
            (
                429,
                coded("rate_limit_error", "project_spend_limit_exceeded", "pay"),
                "quota_exhausted",
            ),
            (498, coded("", "capacity_exceeded", "full"), "overloaded"),
            (
                503,
                coded("server_error", "server_is_overloaded", "full"),
                "overloaded",
            ),
            (409, coded("conflict", "conflict", "again"), "server"),
            (422, coded("", "", "no"), "invalid_request"),
            (500, bad("context_length_exceeded", "who knows"), "server"),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn anthropic_here_and_on_vertex() {
    let bad = |message| typed("invalid_request_error", message, None);
    let limit = |code| typed("rate_limit_error", "slower", Some(code));
    each_means(
        &["Anthropic", "Claude on Vertex"],
        &[
            (400, bad("temperature: not taken"), "invalid_request"),
            (400, bad("prompt is too long: 9 tokens > 8 maximum"), "context_length"),
            (400, bad("input length and `max_tokens` exceed context limit: 1 + 2"), "context_length"),
            (400, bad("Your credit balance is too low to access the API"), "quota_exhausted"),
            (
                400,
                bad("You have reached your specified API usage limits. You will regain access on 2026-12-01"),
                "quota_exhausted",
            ),
            (402, typed("billing_error", "pay", None), "quota_exhausted"),
            (429, limit("enforced_spend_limit_reached"), "quota_exhausted"),
            (429, limit("contract_spend_limit_reached"), "quota_exhausted"),
            (429, limit("ramp_limit_exceeded"), "rate_limited"),
            (429, typed("rate_limit_error", "slower", None), "rate_limited"),
            (413, typed("request_too_large", "too many bytes", None), "context_length"),
            (401, typed("authentication_error", "who?", None), "unauthorized"),
            (403, typed("permission_error", "not you", None), "model_unavailable"),
            (403, typed("permission_error", "This organization is disabled.", None), "unauthorized"),
            (404, typed("not_found_error", "gone", None), "model_unavailable"),
            (409, json!({}), "server"),
            (500, typed("api_error", "oh", None), "server"),
            (504, typed("timeout_error", "slow", None), "timeout"),
            (529, typed("overloaded_error", "full", None), "overloaded"),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn anthropics_words_in_googles_envelope() {
    let long = graded(
        400,
        "INVALID_ARGUMENT",
        "prompt is too long: 9 tokens > 8",
        &json!([]),
    );
    each_means(
        &["Claude on Vertex"],
        &[
            (400, json!([long]), "context_length"),
            (
                400,
                graded(400, "INVALID_ARGUMENT", "max_tokens: no", &json!([])),
                "invalid_request",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn google_by_every_door() {
    let none = json!([]);
    let key =
        json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]);
    let day = json!([{"@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}]);
    let minute = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]);
    let country = "User location is not supported for the API use.";
    let long = "The input token count (9) exceeds the maximum number of tokens allowed (8).";
    let bad = graded(400, "INVALID_ARGUMENT", "topK: no", &none);
    each_means(
        &["Gemini", "Gemini v1beta", "Gemini on Vertex"],
        &[
            (400, bad.clone(), "invalid_request"),
            (400, json!([bad]), "invalid_request"),
            (
                400,
                graded(400, "INVALID_ARGUMENT", long, &none),
                "context_length",
            ),
            (
                400,
                graded(400, "INVALID_ARGUMENT", "API key not valid.", &key),
                "unauthorized",
            ),
            (
                400,
                graded(400, "FAILED_PRECONDITION", country, &none),
                "unauthorized",
            ),
            (
                400,
                graded(400, "FAILED_PRECONDITION", "a file is not ready", &none),
                "invalid_request",
            ),
            (
                401,
                graded(401, "UNAUTHENTICATED", "who?", &none),
                "unauthorized",
            ),
            (
                403,
                graded(403, "PERMISSION_DENIED", "not you", &none),
                "model_unavailable",
            ),
            (
                403,
                graded(403, "PERMISSION_DENIED", "Your API key leaked.", &none),
                "unauthorized",
            ),
            (
                404,
                graded(404, "NOT_FOUND", "gone", &none),
                "model_unavailable",
            ),
            (
                429,
                graded(429, "RESOURCE_EXHAUSTED", "slower", &minute),
                "rate_limited",
            ),
            (
                429,
                graded(429, "RESOURCE_EXHAUSTED", "enough", &day),
                "quota_exhausted",
            ),
            (500, graded(500, "INTERNAL", "oh", &none), "server"),
            (503, graded(503, "UNAVAILABLE", "full", &none), "overloaded"),
            (
                504,
                graded(504, "DEADLINE_EXCEEDED", "slow", &none),
                "timeout",
            ),
            (
                200,
                json!([graded(503, "UNAVAILABLE", "full", &none)]),
                "overloaded",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn mistral() {
    let bare = |kind: &str, message: &str| json!({"object": "error", "message": message, "type": kind, "param": null, "code": "1"});
    let finding =
        json!([{"type": "extra_forbidden", "loc": ["body", "x"], "msg": "no", "input": 1}]);
    each_means(
        &["Mistral"],
        &[
            (422, json!({"detail": finding}), "invalid_request"),
            (422, json!({"object": "error", "message": {"detail": finding}, "type": "invalid_request_error"}), "invalid_request"),
            (400, bare("invalid_model", "Invalid model: x"), "model_unavailable"),
            (400, bare("invalid_request_message_order", "no"), "invalid_request"),
            (400, bare("invalid_request_prompt", "too large for model with 8 maximum context length"), "context_length"),
            (401, json!({"detail": "Unauthorized"}), "unauthorized"),
            (402, bare("payment", "pay"), "quota_exhausted"),
            (429, bare("rate_limited", "slower"), "rate_limited"),
            (429, bare("service_tier_capacity_exceeded", "full"), "overloaded"),
            (500, bare("internal_server_error", "oh"), "server"),
            (503, bare("unreachable_backend", "oh"), "overloaded"),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_say_why_it_ended_is_broken() {
    let chat = json!({"object": "chat.completion", "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "well"}}]});
    let message = json!({"type": "message", "model": "m", "stop_reason": null,
        "content": [{"type": "text", "text": "well"}]});
    let content = json!({"candidates": [{"content": {"parts": [{"text": "well"}]}}]});
    for (vendors, body) in [
        (&["OpenAI", "Groq", "Mistral"][..], chat),
        (&["Anthropic", "Claude on Vertex"], message),
        (&["Gemini", "Gemini v1beta", "Gemini on Vertex"], content),
    ] {
        each_means(vendors, &[(200, body, "broken")]).await;
    }
}
