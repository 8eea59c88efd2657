//! The headers of OpenAI's answers.

use crate::dialect::Call;

/// Requests a minute of the simulated organisation. Chosen.
pub(super) const REQUEST_LIMIT: u64 = 10_000;
const TOKEN_LIMIT: u64 = 2_000_000;

pub(super) fn of_every_answer(call: &Call<'_>) -> Vec<(&'static str, String)> {
    let mut dice = call.dice("openai-headers");
    vec![
        (
            "x-request-id",
            format!("req_{:016x}{:016x}", dice.next(), dice.next()),
        ),
        ("openai-version", "2020-10-01".to_owned()),
        ("openai-organization", "simulated-org".to_owned()),
        ("openai-processing-ms", dice.between(20, 900).to_string()),
    ]
}

/// Returns what is left of the limits after this request.
pub(super) fn limits(call: &Call<'_>, tokens: u64) -> Vec<(&'static str, String)> {
    let left = REQUEST_LIMIT - 1 - call.number % REQUEST_LIMIT;
    vec![
        ("x-ratelimit-limit-requests", REQUEST_LIMIT.to_string()),
        ("x-ratelimit-remaining-requests", left.to_string()),
        ("x-ratelimit-reset-requests", "6ms".to_owned()),
        ("x-ratelimit-limit-tokens", TOKEN_LIMIT.to_string()),
        (
            "x-ratelimit-remaining-tokens",
            TOKEN_LIMIT.saturating_sub(tokens).to_string(),
        ),
        (
            "x-ratelimit-reset-tokens",
            format!("{}ms", tokens.div_ceil(34)),
        ),
    ]
}

/// Returns the limits of an organisation that has used them up.
pub(super) fn exhausted() -> Vec<(&'static str, String)> {
    vec![
        ("x-ratelimit-limit-requests", REQUEST_LIMIT.to_string()),
        ("x-ratelimit-remaining-requests", "0".to_owned()),
        ("x-ratelimit-reset-requests", "1s".to_owned()),
        ("x-ratelimit-limit-tokens", TOKEN_LIMIT.to_string()),
        (
            "x-ratelimit-remaining-tokens",
            (TOKEN_LIMIT / 2).to_string(),
        ),
        ("x-ratelimit-reset-tokens", "6m0s".to_owned()),
    ]
}
