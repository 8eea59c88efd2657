//! The pipeline: one request from start to finish.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Gateway;
use super::attempt::{Answered, CallContext, Ended};
use super::refusal::{self, Failures};
use super::route::Route;
use crate::cache::Lookup;
use crate::domain::{
    CacheOutcome, Caller, Completion, CompletionRequest, Cost, Effort, Error, ErrorKind, NanoUsd,
    RequestId, Target, TokenUsage, Usage,
};
use crate::telemetry::CallOutcome;

/// What is kept of a call's time for settling and answering, and the share
/// that is kept of a very short one.
const ANSWER_RESERVE: Duration = Duration::from_millis(200);
const ANSWER_SHARE: u32 = 10;
/// An attempt with less time than this is not begun after another failed.
const LEAST_ATTEMPT: Duration = Duration::from_millis(300);
/// While another target is left, an attempt may take this share of what is
/// left of the call, within these bounds.
const ATTEMPT_SHARE: f64 = 0.6;
const ATTEMPT_BOUNDS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(25));

impl Gateway {
    /// Answers a request: rate, cache, ranking, then one attempt after
    /// another until one is answered, the targets or the time run out.
    ///
    /// Dropping the future cancels the vendor's call; what it used is still
    /// recorded. `id` names the call in the answer, the ledger and errors.
    ///
    /// # Errors
    /// [`Error`] with the contract's type and the attempts that were made.
    pub async fn complete(
        &self,
        id: RequestId,
        caller: &Caller,
        request: &CompletionRequest,
    ) -> Result<Completion, Error> {
        let mut open = OpenCall::begin(self);
        let result = self.run(id, caller, request, open.started).await;
        open.outcome = match &result {
            Ok(_) => CallOutcome::Answered,
            Err(error) => CallOutcome::Failed(error.kind),
        };
        log(id, caller, &result);
        result
    }

    /// Counts and logs a request that a door refuses before it becomes a
    /// call, and returns the refusal.
    pub fn refused(&self, id: RequestId, caller: &Caller, refusal: Error) -> Error {
        self.metrics.call_refused(refusal.kind);
        log(id, caller, &Err(refusal.clone()));
        refusal
    }

    async fn run(
        &self,
        id: RequestId,
        caller: &Caller,
        request: &CompletionRequest,
        started: Instant,
    ) -> Result<Completion, Error> {
        let deadline = started + request.timeout;
        let call = CallContext {
            id,
            caller,
            request,
            deadline,
        };
        let named = self.named_model(request)?;
        let _permit = self
            .in_flight
            .try_acquire()
            .map_err(|_| refusal::overloaded(self.settings.max_in_flight))?;
        self.limits.take_request(caller).await?;
        if request.route_only {
            let route = self.route(request, named, self.clock.now())?;
            return dry_run(&call, route, started);
        }
        let cache = match self.cache.find(caller, request).await {
            Lookup::Hit(completion) => return Ok(*completion),
            Lookup::None(outcome) => outcome,
        };
        let route = self.route(request, named, self.clock.now())?;
        let completion = self.try_targets(&call, route, cache, started).await?;
        self.cache.store(caller, request, &completion).await;
        Ok(completion)
    }

    /// Tries one target after another. The call's deadline and the end of the
    /// process cut whatever is under way.
    async fn try_targets(
        &self,
        call: &CallContext<'_>,
        mut route: Route,
        cache: CacheOutcome,
        started: Instant,
    ) -> Result<Completion, Error> {
        let mut tally = Tally::default();
        let answered = tokio::select! {
            biased;
            () = self.stopping.cancelled() => Err(Cut::Stopping),
            result = timeout_at(call.deadline, self.attempts(call, &mut route, &mut tally)) => {
                result.map_err(|_| Cut::OutOfTime)
            }
        };
        let attempts = std::mem::take(&mut route.report.attempts);
        let (answered, target) = match answered {
            Ok(Ok(found)) => found,
            Ok(Err(Stop::Refused(mut error))) => {
                error.attempts = attempts;
                return Err(error);
            }
            Ok(Err(Stop::Exhausted(failures))) => return Err(failures.into_error(attempts)),
            Ok(Err(Stop::OutOfTime)) | Err(Cut::OutOfTime) => {
                return Err(refusal::out_of_time(attempts));
            }
            Err(Cut::Stopping) => return Err(refusal::stopping(attempts)),
        };
        let mut report = route.report;
        report.attempts = attempts;
        let mut dropped = answered.answer.dropped_parameters;
        let wants_effort = call
            .request
            .effort
            .is_some_and(|effort| effort != Effort::None);
        if wants_effort && target.effort.is_none() {
            dropped.push("reasoning_effort");
        }
        Ok(Completion {
            request_id: call.id,
            content: answered.answer.content,
            provider: target.provider,
            model: answered.answer.model,
            effort: target.effort,
            finish: Some(answered.answer.finish),
            usage: answered.usage,
            cost: tally.cost(),
            latency: started.elapsed(),
            cache,
            dropped_parameters: dropped,
            routing: report,
        })
    }

    async fn attempts(
        &self,
        call: &CallContext<'_>,
        route: &mut Route,
        tally: &mut Tally,
    ) -> Result<(Answered, Target), Stop> {
        let mut failures = Failures::default();
        for index in 0..self.settings.max_attempts {
            let Some(candidate) = route.plan.next() else {
                break;
            };
            let is_last = !route.plan.has_another() || index + 1 == self.settings.max_attempts;
            let Some(deadline) = attempt_deadline(call, index, is_last) else {
                return Err(Stop::OutOfTime);
            };
            let ended = self.attempt(call, index, &candidate, deadline).await;
            let Ended {
                attempt,
                cost,
                result,
            } = ended.map_err(Stop::Refused)?;
            route.report.attempts.push(attempt);
            tally.add(cost);
            match result {
                Ok(answered) => return Ok((answered, candidate.target)),
                Err(error) => {
                    // The last target had all the time that was left.
                    if is_last && refusal::is_our_deadline(error.kind) {
                        return Err(Stop::OutOfTime);
                    }
                    let kind = error.kind;
                    failures.add(error);
                    if !kind.allows_failover() {
                        break;
                    }
                    route.plan.learn(&candidate.target, kind, &self.catalogue);
                }
            }
        }
        Err(Stop::Exhausted(failures))
    }
}

/// Returns when attempt number `index` must have ended, or `None` if there is
/// no time for it.
fn attempt_deadline(call: &CallContext<'_>, index: u32, is_last: bool) -> Option<Instant> {
    let now = Instant::now();
    let reserve = ANSWER_RESERVE.min(call.request.timeout / ANSWER_SHARE);
    let left = call
        .deadline
        .checked_duration_since(now)?
        .checked_sub(reserve)?;
    if left.is_zero() || (index > 0 && left < LEAST_ATTEMPT) {
        return None;
    }
    let (least, most) = ATTEMPT_BOUNDS;
    let share = left.mul_f64(ATTEMPT_SHARE).clamp(least, most);
    Some(now + if is_last { left } else { share.min(left) })
}

/// Why the attempts ended without an answer.
enum Stop {
    /// A limit refused the next one.
    Refused(Error),
    /// Every target failed, or one in a way that ends it.
    Exhausted(Failures),
    /// No time is left.
    OutOfTime,
}

/// What cut the attempts short.
enum Cut {
    OutOfTime,
    Stopping,
}

/// What the attempts of a call cost together.
#[derive(Default)]
struct Tally {
    amount: NanoUsd,
    is_incomplete: bool,
    is_unpriced: bool,
}

impl Tally {
    fn add(&mut self, cost: Cost) {
        match cost {
            Cost::Priced {
                amount,
                is_incomplete,
            } => {
                self.amount = self.amount.saturating_add(amount);
                self.is_incomplete |= is_incomplete;
            }
            Cost::Unpriced => self.is_unpriced = true,
        }
    }

    fn cost(&self) -> Cost {
        if self.is_unpriced {
            return Cost::Unpriced;
        }
        Cost::Priced {
            amount: self.amount,
            is_incomplete: self.is_incomplete,
        }
    }
}

fn dry_run(
    call: &CallContext<'_>,
    mut route: Route,
    started: Instant,
) -> Result<Completion, Error> {
    let Some(first) = route.plan.next() else {
        return Err(Error::invalid("no target can answer"));
    };
    Ok(Completion {
        request_id: call.id,
        content: Vec::new(),
        provider: first.target.provider,
        model: first.target.model,
        effort: first.target.effort,
        finish: None,
        usage: Usage::estimated(TokenUsage::default()),
        cost: Cost::Priced {
            amount: NanoUsd::ZERO,
            is_incomplete: false,
        },
        latency: started.elapsed(),
        cache: CacheOutcome::BYPASS,
        dropped_parameters: Vec::new(),
        routing: route.report,
    })
}

/// A call under way; dropped, it is counted.
struct OpenCall<'a> {
    gateway: &'a Gateway,
    started: Instant,
    outcome: CallOutcome,
}

impl<'a> OpenCall<'a> {
    fn begin(gateway: &'a Gateway) -> Self {
        gateway.metrics.call_began();
        Self {
            gateway,
            started: Instant::now(),
            outcome: CallOutcome::Abandoned,
        }
    }
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        self.gateway
            .metrics
            .call_ended(self.outcome, self.started.elapsed());
    }
}

/// Writes the call's one line, without a word of prompt or answer.
fn log(id: RequestId, caller: &Caller, result: &Result<Completion, Error>) {
    match result {
        Ok(completion) => tracing::info!(
            request_id = %id,
            %caller,
            provider = %completion.provider,
            model = %completion.model,
            input_tokens = completion.usage.tokens.total_input(),
            output_tokens = completion.usage.tokens.total_output(),
            cost_usd = completion.cost.amount().map(NanoUsd::usd),
            latency_ms = completion.latency.as_millis() as u64,
            attempts = completion.routing.attempts.len(),
            "answered"
        ),
        // What is wrong with a request is said in the caller's own words.
        Err(error) if error.kind == ErrorKind::CallerInvalidRequest => {
            tracing::info!(request_id = %id, %caller, error_type = %error.kind, "refused");
        }
        Err(error) => tracing::info!(
            request_id = %id,
            %caller,
            error_type = %error.kind,
            attempts = error.attempts.len(),
            error = %error.message,
            "not answered"
        ),
    }
}
