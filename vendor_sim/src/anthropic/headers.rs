//! The headers of Anthropic's answers.

use crate::dialect::Call;

/// Limits a minute of the simulated organisation. Chosen.
const REQUEST_LIMIT: u64 = 4_000;
const INPUT_LIMIT: u64 = 2_000_000;
const OUTPUT_LIMIT: u64 = 400_000;

/// Returns the request's id, which is in the headers and in error bodies.
pub(super) fn request_id(call: &Call<'_>) -> String {
    format!("req_01{}", call.dice("anthropic-request").word(22))
}

pub(super) fn of_every_answer(call: &Call<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("request-id", request_id(call)),
        (
            "anthropic-organization-id",
            "00000000-0000-4000-8000-000000000000".to_owned(),
        ),
    ]
}

/// What is left of a limit.
struct Left {
    requests: u64,
    input: u64,
    output: u64,
}

/// Returns what is left of the limits after this request.
pub(super) fn limits(call: &Call<'_>, input: u64, output: u64) -> Vec<(&'static str, String)> {
    let left = Left {
        requests: REQUEST_LIMIT - 1 - call.number % REQUEST_LIMIT,
        input: INPUT_LIMIT.saturating_sub(input),
        output: OUTPUT_LIMIT.saturating_sub(output),
    };
    written(call, &left, 1)
}

/// Returns the limits of an organisation that has used them up.
pub(super) fn exhausted(call: &Call<'_>) -> Vec<(&'static str, String)> {
    written(
        call,
        &Left {
            requests: 0,
            input: INPUT_LIMIT / 2,
            output: OUTPUT_LIMIT / 2,
        },
        60,
    )
}

fn written(call: &Call<'_>, left: &Left, seconds: u64) -> Vec<(&'static str, String)> {
    let reset = call.now.plus(seconds).rfc3339();
    vec![
        (
            "anthropic-ratelimit-requests-limit",
            REQUEST_LIMIT.to_string(),
        ),
        (
            "anthropic-ratelimit-requests-remaining",
            left.requests.to_string(),
        ),
        ("anthropic-ratelimit-requests-reset", reset.clone()),
        (
            "anthropic-ratelimit-input-tokens-limit",
            INPUT_LIMIT.to_string(),
        ),
        (
            "anthropic-ratelimit-input-tokens-remaining",
            left.input.to_string(),
        ),
        ("anthropic-ratelimit-input-tokens-reset", reset.clone()),
        (
            "anthropic-ratelimit-output-tokens-limit",
            OUTPUT_LIMIT.to_string(),
        ),
        (
            "anthropic-ratelimit-output-tokens-remaining",
            left.output.to_string(),
        ),
        ("anthropic-ratelimit-output-tokens-reset", reset.clone()),
        (
            "anthropic-ratelimit-tokens-limit",
            (INPUT_LIMIT + OUTPUT_LIMIT).to_string(),
        ),
        (
            "anthropic-ratelimit-tokens-remaining",
            (left.input + left.output).to_string(),
        ),
        ("anthropic-ratelimit-tokens-reset", reset),
    ]
}
