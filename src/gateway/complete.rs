//! The pipeline: one request from start to finish.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Gateway;
use super::attempt::{Answered, Ask, Ended, unknown_target};
use super::call::{CallContext, OpenCall};
use super::refusal::{self, Failures};
use super::relay::Relay;
use super::route::Route;
use super::structured::Form;
use crate::cache::Lookup;
use crate::domain::{
    Attempt, AttemptOutcome, CacheOutcome, Caller, Candidate, ChunkSink, Completion,
    CompletionRequest, Cost, Effort, Error, NanoUsd, RequestId, Target, TokenUsage, Usage,
};

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
        self.answer(id, caller, request, None).await
    }

    /// Answers a request as [`Gateway::complete`] does, and hands the text to
    /// `sink` while it is made. Once a piece went out, no other target is
    /// tried when this one fails.
    ///
    /// # Errors
    /// As for [`Gateway::complete`]; pieces may have gone out before.
    pub async fn complete_into(
        &self,
        id: RequestId,
        caller: &Caller,
        request: &CompletionRequest,
        sink: &dyn ChunkSink,
    ) -> Result<Completion, Error> {
        let relay = Relay::new(sink);
        self.answer(id, caller, request, Some(&relay)).await
    }

    async fn answer(
        &self,
        id: RequestId,
        caller: &Caller,
        request: &CompletionRequest,
        relay: Option<&Relay<'_>>,
    ) -> Result<Completion, Error> {
        let started = Instant::now();
        let call = CallContext {
            id,
            caller,
            request,
            relay,
            started,
            deadline: started + request.timeout,
        };
        let open = OpenCall::begin(self, id, caller);
        let result = self.run(&call).await;
        open.end(result.as_ref());
        result
    }

    /// Counts, logs and records a request that a door refuses before it
    /// becomes a call, and returns the refusal.
    pub fn refused(&self, id: RequestId, caller: &Caller, refusal: Error) -> Error {
        OpenCall::begin(self, id, caller).end(Err(&refusal));
        refusal
    }

    async fn run(&self, call: &CallContext<'_>) -> Result<Completion, Error> {
        let (caller, request) = (call.caller, call.request);
        let named = self.named_model(request)?;
        let _permit = self
            .in_flight
            .try_acquire()
            .map_err(|_| refusal::overloaded(self.settings.max_in_flight))?;
        self.limits.take_request(caller).await?;
        if request.route_only {
            let route = self.route(caller, request, named, self.clock.now())?;
            return dry_run(call, route);
        }
        let cache = match self.cache.find(caller, request).await {
            Lookup::Hit(completion) => return Ok(*completion),
            Lookup::None(outcome) => outcome,
        };
        if let Some(relay) = call.relay {
            relay.looked_up(cache.status);
        }
        let route = self.route(caller, request, named, self.clock.now())?;
        let completion = self.try_targets(call, route, cache).await?;
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
    ) -> Result<Completion, Error> {
        let mut tally = Tally::default();
        let result = tokio::select! {
            biased;
            () = self.stopping.cancelled() => Err(Stop::Shutdown),
            result = timeout_at(call.deadline, self.attempts(call, &mut route, &mut tally)) => {
                result.unwrap_or(Err(Stop::OutOfTime))
            }
        };
        let mut attempts = std::mem::take(&mut route.report.attempts);
        attempts.extend(tally.cut_attempt());
        let (answered, winner) = match result {
            Ok(found) => found,
            Err(Stop::Refused(mut error)) => {
                error.attempts = attempts;
                return Err(error);
            }
            Err(Stop::Exhausted(failures)) => return Err(failures.into_error(attempts)),
            Err(Stop::OutOfTime) => return Err(refusal::out_of_time(attempts)),
            Err(Stop::Shutdown) => return Err(refusal::stopping(attempts)),
        };
        self.conversations
            .answered(call.caller, call.request, &winner.target);
        let mut dropped = answered.answer.dropped_parameters;
        let effort = winner.target.effort;
        let wants_effort = call.request.effort.is_some_and(|wish| wish != Effort::None);
        if wants_effort && effort.is_none() {
            dropped.push("reasoning_effort");
        }
        Ok(Completion {
            request_id: call.id,
            content: answered.answer.content,
            provider: winner.target.provider.clone(),
            model: answered.answer.model,
            effort,
            finish: Some(answered.answer.finish),
            stop_sequence: answered.answer.stop_sequence,
            usage: answered.usage,
            cost: tally.cost(),
            latency: call.started.elapsed(),
            cache,
            dropped_parameters: dropped,
            routing: route.report.won_by(winner, attempts),
        })
    }

    /// Estimates how long a candidate takes that writes as much as it may.
    fn takes(&self, candidate: &Candidate, call: &CallContext<'_>) -> Duration {
        let expected = self.routing.expected_output_tokens.max(1);
        let longer = f64::from(call.request.max_tokens) / f64::from(expected);
        candidate.latency.mul_f64(longer.clamp(1.0, 1e3))
    }

    async fn attempts(
        &self,
        call: &CallContext<'_>,
        route: &mut Route,
        tally: &mut Tally,
    ) -> Result<(Answered, Candidate), Stop> {
        let mut failures = Failures::default();
        let mut repair: Option<Repair> = None;
        for index in 0..self.settings.max_attempts {
            let next = match &repair {
                Some(repair) => Some(&repair.candidate),
                None => route.plan.next(&route.report.candidates),
            };
            let Some(candidate) = next.cloned() else {
                break;
            };
            let is_last = !route.plan.has_another() || index + 1 == self.settings.max_attempts;
            let Some(deadline) =
                call.attempt_deadline(index, is_last, self.takes(&candidate, call))
            else {
                // What failed says more than that no time is left for others.
                return Err(match failures.last_kind() {
                    Some(kind) if !refusal::is_our_deadline(kind) => Stop::Exhausted(failures),
                    _ => Stop::OutOfTime,
                });
            };
            let (provider, model) = (&candidate.target.provider, &candidate.target.model);
            let spec = self.catalogue.spec(provider, model);
            let spec = spec.ok_or_else(|| Stop::Refused(unknown_target(&candidate.target)))?;
            let form = Form::of(call.request, spec).map_err(Stop::Refused)?;
            let is_repair = repair.is_some();
            let asked = match (repair.take(), &form) {
                (Some(repair), _) => Some(repair.request),
                (None, form) => form.as_ref().map(|form| form.ask(call.request)),
            };
            let ask = Ask {
                request: asked.as_ref().unwrap_or(call.request),
                candidate: &candidate,
                spec,
                form: form.as_ref(),
            };
            let pending = &mut tally.pending;
            let ended = self.attempt(call, index, &ask, deadline, pending).await;
            tally.pending = None;
            let Ended {
                attempt,
                cost,
                result,
                flaw,
            } = ended.map_err(Stop::Refused)?;
            route.report.attempts.push(attempt);
            tally.add(cost);
            match result {
                Ok(answered) => return Ok((answered, candidate)),
                Err(error) => {
                    // The last target had all the time that was left.
                    if is_last && refusal::is_our_deadline(error.kind) {
                        return Err(Stop::OutOfTime);
                    }
                    let kind = error.kind;
                    failures.add(error);
                    if let Some(flaw) = flaw.filter(|_| !is_repair) {
                        let request = Form::ask_again(ask.request, &flaw);
                        repair = Some(Repair { candidate, request });
                        continue;
                    }
                    let has_begun = call.relay.is_some_and(ChunkSink::has_begun);
                    if has_begun || !kind.allows_failover() {
                        break;
                    }
                    let candidates = &route.report.candidates;
                    route
                        .plan
                        .learn(&candidate.target, kind, candidates, &self.catalogue);
                }
            }
        }
        Err(Stop::Exhausted(failures))
    }
}

/// The one chance of a model to mend its answer.
struct Repair {
    candidate: Candidate,
    request: CompletionRequest,
}

/// Why the attempts ended without an answer.
enum Stop {
    /// A limit refused the next one.
    Refused(Error),
    /// Every target failed, or one in a way that ends it.
    Exhausted(Failures),
    /// No time is left.
    OutOfTime,
    /// The process ends.
    Shutdown,
}

/// What the attempts of a call come to.
#[derive(Default)]
struct Tally {
    /// The attempt under way, and since when.
    pending: Option<(Target, Instant)>,
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

    /// Returns the attempt that was cut, if one was.
    fn cut_attempt(&mut self) -> Option<Attempt> {
        let (target, began) = self.pending.take()?;
        Some(Attempt {
            target,
            outcome: AttemptOutcome::Cancelled,
            latency: began.elapsed(),
            error: None,
        })
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

fn dry_run(call: &CallContext<'_>, mut route: Route) -> Result<Completion, Error> {
    let Some(first) = route.plan.next(&route.report.candidates).cloned() else {
        return Err(Error::invalid("no target can answer"));
    };
    Ok(Completion {
        request_id: call.id,
        content: Vec::new(),
        provider: first.target.provider,
        model: first.target.model,
        effort: first.target.effort,
        finish: None,
        stop_sequence: None,
        usage: Usage::estimated(TokenUsage::default()),
        cost: Cost::Priced {
            amount: NanoUsd::ZERO,
            is_incomplete: false,
        },
        latency: call.started.elapsed(),
        cache: CacheOutcome::BYPASS,
        dropped_parameters: Vec::new(),
        routing: route.report,
    })
}
