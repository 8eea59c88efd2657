//! The headers of Mistral's answers: no contract has them, public threads
//! quote them.

use crate::dialect::Call;

/// Requests and tokens a minute of the simulated workspace. Chosen.
const REQUEST_LIMIT: u64 = 720;
const TOKEN_LIMIT: u64 = 5_000_000;
/// Tokens a month. Chosen.
const MONTHLY_LIMIT: u64 = 10_000_000_000;

pub(super) fn of_every_answer(call: &Call<'_>) -> Vec<(&'static str, String)> {
    let mut dice = call.dice("mistral-headers");
    let id = format!("{:016x}{:016x}", dice.next(), dice.next());
    vec![
        ("mistral-correlation-id", id.clone()),
        ("x-kong-request-id", id),
        (
            "x-envoy-upstream-service-time",
            dice.between(20, 900).to_string(),
        ),
    ]
}

/// Returns what is left of the limits after a request of so many tokens.
pub(super) fn limits(call: &Call<'_>, tokens: u64) -> Vec<(&'static str, String)> {
    let left = REQUEST_LIMIT - 1 - call.number % REQUEST_LIMIT;
    let mut headers = left_over(left, TOKEN_LIMIT.saturating_sub(tokens));
    headers.push(("x-ratelimit-tokens-query-cost", tokens.to_string()));
    headers
}

/// Returns the limits of a workspace that has used up its minute.
pub(super) fn exhausted() -> Vec<(&'static str, String)> {
    left_over(0, TOKEN_LIMIT / 2)
}

/// Returns the limits of a workspace that has used up its month.
pub(super) fn exhausted_month() -> Vec<(&'static str, String)> {
    vec![
        ("x-ratelimit-limit-tokens-month", MONTHLY_LIMIT.to_string()),
        ("x-ratelimit-remaining-tokens-month", "0".to_owned()),
    ]
}

fn left_over(requests: u64, tokens: u64) -> Vec<(&'static str, String)> {
    vec![
        ("x-ratelimit-limit-req-minute", REQUEST_LIMIT.to_string()),
        ("x-ratelimit-remaining-req-minute", requests.to_string()),
        ("x-ratelimit-limit-tokens-minute", TOKEN_LIMIT.to_string()),
        ("x-ratelimit-remaining-tokens-minute", tokens.to_string()),
    ]
}
