//! A call from its arrival to its one line in log, metrics and ledger.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Gateway;
use super::relay::Relay;
use crate::domain::{
    AttemptOutcome, CacheOutcome, Caller, Completion, CompletionRequest, Cost, Error, ErrorKind,
    LedgerEntry, NanoUsd, Outcome, RequestId, TokenUsage, Usage,
};
use crate::telemetry::CallOutcome;

/// What identifies a call throughout its attempts.
pub(super) struct CallContext<'a> {
    pub(super) id: RequestId,
    pub(super) caller: &'a Caller,
    pub(super) request: &'a CompletionRequest,
    /// Where the answer goes as it comes, if anybody waits for it.
    pub(super) relay: Option<&'a Relay<'a>>,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
}

/// What is kept of a call's time for settling and answering, and the share
/// that is kept of a very short one.
const ANSWER_RESERVE: Duration = Duration::from_millis(200);
const ANSWER_SHARE: u32 = 10;
/// An attempt with less time than this is not begun after another failed.
const LEAST_ATTEMPT: Duration = Duration::from_millis(300);
/// While another target is left, an attempt may take this share of what is
/// left of the call, within these bounds; the upper one gives way to a model
/// that needs longer for a long answer.
const ATTEMPT_SHARE: f64 = 0.6;
const ATTEMPT_BOUNDS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(25));

impl CallContext<'_> {
    /// Returns when the last attempt must have ended.
    pub(super) fn last_moment(&self) -> Instant {
        let reserve = ANSWER_RESERVE.min(self.request.timeout / ANSWER_SHARE);
        self.deadline.checked_sub(reserve).unwrap_or(self.deadline)
    }

    /// Returns when attempt number `index` must have ended, or begun to show
    /// its answer; `None` if there is no time for it. `takes` is how long its
    /// target takes for the longest answer.
    pub(super) fn attempt_deadline(
        &self,
        index: u32,
        is_last: bool,
        takes: Duration,
    ) -> Option<Instant> {
        let now = Instant::now();
        let left = self.last_moment().checked_duration_since(now)?;
        if left.is_zero() || (index > 0 && left < LEAST_ATTEMPT) {
            return None;
        }
        let (least, most) = ATTEMPT_BOUNDS;
        // Who sees the answer as it comes waits for its beginning alone.
        let most = if self.relay.is_some() {
            most
        } else {
            most.max(takes)
        };
        let share = left.mul_f64(ATTEMPT_SHARE).clamp(least, most);
        Some(now + if is_last { left } else { share.min(left) })
    }
}

/// A call under way. Dropped before its end, its caller has left: that is
/// counted and logged too.
pub(super) struct OpenCall<'a> {
    gateway: &'a Gateway,
    id: RequestId,
    caller: &'a Caller,
    started: Instant,
    started_at: Timestamp,
    outcome: CallOutcome,
}

impl<'a> OpenCall<'a> {
    pub(super) fn begin(gateway: &'a Gateway, id: RequestId, caller: &'a Caller) -> Self {
        gateway.metrics.call_began();
        Self {
            gateway,
            id,
            caller,
            started: Instant::now(),
            started_at: gateway.clock.now(),
            outcome: CallOutcome::Abandoned,
        }
    }

    pub(super) fn end(mut self, result: Result<&Completion, &Error>) {
        self.outcome = match result {
            Ok(completion) => {
                self.log_answer(completion);
                CallOutcome::Answered
            }
            Err(error) => {
                self.log_error(error);
                if error.attempts.is_empty() {
                    self.record(error.kind);
                }
                CallOutcome::Failed(error.kind)
            }
        };
    }

    /// Enters a call into the ledger that no attempt stands for.
    fn record(&self, kind: ErrorKind) {
        self.gateway.ledger.record(LedgerEntry {
            request_id: self.id,
            attempt: 0,
            started_at: self.started_at,
            caller: self.caller.clone(),
            target: None,
            outcome: Outcome::Failed(kind),
            usage: Usage::estimated(TokenUsage::default()),
            cost: Cost::Priced {
                amount: NanoUsd::ZERO,
                is_incomplete: false,
            },
            possible_cost: NanoUsd::ZERO,
            latency: self.started.elapsed(),
            cache: CacheOutcome::BYPASS,
        });
    }

    /// Without a word of prompt or answer.
    fn log_answer(&self, completion: &Completion) {
        tracing::info!(
            request_id = %self.id,
            caller = %self.caller,
            provider = %completion.provider,
            model = %completion.model,
            input_tokens = completion.usage.tokens.total_input(),
            output_tokens = completion.usage.tokens.total_output(),
            cost_usd = completion.cost.amount().map(NanoUsd::usd),
            latency_ms = completion.latency.as_millis() as u64,
            attempts = completion.routing.attempts.len(),
            "answered"
        );
    }

    fn log_error(&self, error: &Error) {
        tracing::info!(
            request_id = %self.id,
            caller = %self.caller,
            error_type = %error.kind,
            attempts = error.attempts.len(),
            error = presentable(error),
            "not answered"
        );
    }
}

/// Says what failed in our own words: what is wrong with a request is said in
/// the caller's, and vendors quote what they were asked.
fn presentable(error: &Error) -> String {
    if error.kind == ErrorKind::CallerInvalidRequest {
        return String::new();
    }
    if error.attempts.is_empty() {
        return error.message.clone();
    }
    let attempts = error.attempts.iter().map(|attempt| {
        let outcome = match attempt.outcome {
            AttemptOutcome::Answered => "answered",
            AttemptOutcome::Failed(kind) => kind.as_str(),
            AttemptOutcome::Cancelled => "cancelled",
        };
        format!("{} {outcome}", attempt.target)
    });
    attempts.collect::<Vec<_>>().join(", ")
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        let latency = self.started.elapsed();
        self.gateway.metrics.call_ended(self.outcome, latency);
        if self.outcome == CallOutcome::Abandoned {
            tracing::info!(
                request_id = %self.id,
                caller = %self.caller,
                latency_ms = latency.as_millis() as u64,
                "the caller left"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Attempt, ModelId, ProviderErrorKind, ProviderName, Target};

    #[test]
    fn no_line_of_the_log_quotes_a_vendor() {
        let attempt = Attempt {
            target: Target {
                provider: ProviderName::new("openai"),
                model: ModelId::new("m"),
                effort: None,
            },
            outcome: AttemptOutcome::Failed(ProviderErrorKind::Server),
            latency: Duration::ZERO,
            error: Some("server: boom on: SECRET PROMPT".to_owned()),
        };
        let mut error = Error::new(ErrorKind::ProviderUnavailable, "boom on: SECRET PROMPT");
        error.attempts = vec![attempt.clone(), attempt];

        assert_eq!(presentable(&error), "openai/m server, openai/m server");
        assert_eq!(
            presentable(&Error::invalid("SECRET PROMPT is no model")),
            ""
        );
    }
}
