//! The headers of Groq's answers.

use crate::dialect::Call;

/// Requests a **day** of the simulated organisation. Chosen.
const REQUEST_LIMIT: u64 = 500_000;

/// Returns the request's id and what is left of the limits once `tokens` are
/// used: requests by the day, tokens by the minute.
pub(super) fn of_every_answer(call: &Call<'_>, tokens: u64) -> Vec<(&'static str, String)> {
    let mut dice = call.dice("groq-headers");
    let left = REQUEST_LIMIT - 1 - call.number % REQUEST_LIMIT;
    let plan = call.tokens_per_minute;
    let reset_ms = tokens.saturating_mul(60_000) / plan.max(1);
    vec![
        ("x-request-id", format!("req_{}", dice.word(26))),
        ("x-groq-region", "sim".to_owned()),
        ("x-ratelimit-limit-requests", REQUEST_LIMIT.to_string()),
        ("x-ratelimit-remaining-requests", left.to_string()),
        ("x-ratelimit-reset-requests", "172.8ms".to_owned()),
        ("x-ratelimit-limit-tokens", plan.to_string()),
        (
            "x-ratelimit-remaining-tokens",
            plan.saturating_sub(tokens).to_string(),
        ),
        ("x-ratelimit-reset-tokens", format!("{reset_ms}ms")),
    ]
}
