//! A call from its arrival to its one line in log, metrics and ledger.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Gateway;
use super::audit::Origin;
use super::judge::BACKGROUND;
use super::knowledge::Knowledge;
use super::relay::Relay;
use crate::domain::{
    AttemptId, CacheOutcome, Caller, Candidate, Completion, CompletionRequest, Cost, Error,
    ErrorKind, LedgerEntry, NanoUsd, Outcome, RequestId, TokenUsage, Usage,
};
use crate::limit::Admission;
use crate::telemetry::CallOutcome;

/// What identifies a call throughout its attempts.
#[derive(Clone, Copy)]
pub(super) struct CallContext<'a> {
    pub(super) id: RequestId,
    pub(super) caller: &'a Caller,
    /// Its name in what is learned.
    pub(super) caller_hash: u64,
    /// The door that it came through.
    pub(super) tool: &'static str,
    pub(super) request: &'a CompletionRequest,
    /// Where the answer goes as it comes, if anybody waits for it.
    pub(super) relay: Option<&'a Relay<'a>>,
    /// The models and prices that the call goes by.
    pub(super) known: &'a Knowledge,
    /// What the caller's limits said.
    pub(super) admission: &'a Admission,
    /// What is left of the caller's budgets, where no attempt will ask for it.
    pub(super) affordable: Option<NanoUsd>,
    /// The cache's part.
    pub(super) cache: CacheOutcome,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    /// Several requests may wait for it; each has a line of its own.
    pub(super) is_shared: bool,
}

/// What is kept of a call's time for settling and answering, and the share
/// that is kept of a very short one.
const ANSWER_RESERVE: Duration = Duration::from_millis(200);
const ANSWER_SHARE: u32 = 10;
/// An attempt with less time than this is not begun after another failed.
const LEAST_ATTEMPT: Duration = Duration::from_millis(300);
/// While another target is left, an attempt may take this share of what is
/// left of the call.
const ATTEMPT_SHARE: f64 = 0.6;
/// It may take three times what its target usually takes, within these bounds:
/// who has shown nothing by then hangs. A model that needs longer gets it.
const HANGS_AFTER: u32 = 3;
const HANGS_WITHIN: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(25));

/// How long a target takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Usually.
    usual: Duration,
    /// At most, while it is well.
    longest: Duration,
}

impl Pace {
    /// Returns the pace of a candidate that shows its answer as it comes, or
    /// not before it is whole: at most `longer` times a usual one then.
    pub(super) fn of(candidate: &Candidate, is_shown: bool, longer: f64) -> Self {
        if is_shown {
            let usual = candidate.expected.to_first;
            let longest = usual.saturating_mul(HANGS_AFTER);
            return Self { usual, longest };
        }
        Self {
            usual: candidate.expected.latency,
            longest: candidate.expected.latency.mul_f64(longer.clamp(1.0, 1e3)),
        }
    }

    /// Returns the time after which a target that has shown nothing hangs.
    pub(super) fn patience(self) -> Duration {
        let (soon, late) = HANGS_WITHIN;
        let usual = self.usual.saturating_mul(HANGS_AFTER);
        usual.clamp(soon, late).max(self.longest)
    }
}

impl CallContext<'_> {
    /// Returns when the last attempt must have ended.
    pub(super) fn last_moment(&self) -> Instant {
        let reserve = ANSWER_RESERVE.min(self.request.timeout / ANSWER_SHARE);
        self.deadline.checked_sub(reserve).unwrap_or(self.deadline)
    }

    /// Tells whether there is no time for an attempt any more.
    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.last_moment()
    }

    /// Returns how much time is left: of the caller's own while it lasts, and
    /// then of what the call goes on without its caller.
    pub(super) fn left(&self) -> Duration {
        let now = Instant::now();
        let left = self.last_moment().saturating_duration_since(now);
        let run_on = self
            .deadline
            .saturating_duration_since(self.started + self.request.timeout);
        let own = left.saturating_sub(run_on);
        if own < LEAST_ATTEMPT { left } else { own }
    }

    /// Returns when attempt number `index` must have ended, or begun to show
    /// its answer; `None` if there is no time for it.
    pub(super) fn attempt_deadline(
        &self,
        index: u32,
        is_last: bool,
        pace: Pace,
    ) -> Option<Instant> {
        let now = Instant::now();
        let left = self.last_moment().checked_duration_since(now)?;
        if left.is_zero() || (index > 0 && left < LEAST_ATTEMPT) {
            return None;
        }
        let share = self.left().mul_f64(ATTEMPT_SHARE).min(pace.patience());
        Some(now + if is_last { left } else { share })
    }
}

/// Tells whether a completion cost no vendor's call of its own, so that no line
/// of the ledger speaks of it yet.
fn asked_nobody(completion: &Completion) -> bool {
    completion.finish.is_some() && completion.routing.attempts.is_empty()
}

/// Tells whether the gateway kept itself from asking: nobody was refused
/// anything, and no figure of callers' calls may say so.
fn is_own_refusal(origin: Origin<'_>, error: &Error) -> bool {
    let is_kept_back = matches!(
        error.kind,
        ErrorKind::PolicyBudgetExceeded | ErrorKind::GatewayOverloaded
    );
    is_kept_back && origin.caller.as_str() == BACKGROUND
}

/// A call under way. Dropped before its end, its caller has left: that is
/// counted and logged too.
pub(super) struct OpenCall<'a> {
    gateway: &'a Gateway,
    origin: Origin<'a>,
    /// What was asked, once that is known.
    request: Option<&'a CompletionRequest>,
    started: Instant,
    started_at: Timestamp,
    outcome: CallOutcome,
}

impl<'a> OpenCall<'a> {
    pub(super) fn begin(
        gateway: &'a Gateway,
        origin: Origin<'a>,
        request: Option<&'a CompletionRequest>,
    ) -> Self {
        gateway.metrics.call_began();
        Self {
            gateway,
            origin,
            request,
            started: Instant::now(),
            started_at: gateway.clock.now(),
            outcome: CallOutcome::Abandoned,
        }
    }

    pub(super) fn end(mut self, result: Result<&Completion, &Error>) {
        self.outcome = match result {
            Ok(completion) => {
                if let Some(request) = self.request {
                    self.gateway.audit_answer(self.origin, request, completion);
                }
                if asked_nobody(completion) {
                    self.record(Outcome::Answered, completion.cache);
                }
                CallOutcome::Answered
            }
            Err(error) => {
                if !is_own_refusal(self.origin, error) {
                    self.gateway.audit_error(self.origin, self.request, error);
                    self.record(Outcome::Failed(error.kind), CacheOutcome::BYPASS);
                }
                CallOutcome::Failed(error.kind)
            }
        };
    }

    /// Ends a request that shared its call with others, or may have. Its line
    /// is apart from those of the attempts, which are paid once.
    pub(super) fn end_shared(self, result: Result<&Completion, &Error>) {
        if let Ok(completion) = result
            && !asked_nobody(completion)
        {
            self.record(Outcome::Answered, CacheOutcome::BYPASS);
        }
        self.end(result);
    }

    /// Enters a call into the ledger that no attempt has answered.
    fn record(&self, outcome: Outcome, cache: CacheOutcome) {
        self.gateway.ledger.record(LedgerEntry {
            id: AttemptId::of_call(self.origin.id),
            started_at: self.started_at,
            caller: self.origin.caller.clone(),
            target: None,
            outcome,
            usage: Usage::estimated(TokenUsage::default()),
            cost: Cost::Priced {
                amount: NanoUsd::ZERO,
                is_incomplete: false,
            },
            possible_cost: NanoUsd::ZERO,
            latency: self.started.elapsed(),
            cache,
            group: None,
            budgets: Arc::default(),
            call_latency: Some(self.started.elapsed()),
        });
    }
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        let latency = self.started.elapsed();
        self.gateway.metrics.call_ended(self.outcome, latency);
        if self.outcome == CallOutcome::Abandoned {
            self.record(Outcome::Abandoned, CacheOutcome::BYPASS);
            self.gateway.audit_abandoned(self.origin, latency);
        }
    }
}
