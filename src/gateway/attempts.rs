//! One target after another, until one has answered.

use std::time::Duration;

use tokio::time::Instant;

use super::Gateway;
use super::attempt::{Answered, Ask, Ended, unknown_target};
use super::call::CallContext;
use super::refusal::{self, Failures};
use super::route::Route;
use super::structured::Form;
use crate::domain::{
    Attempt, AttemptOutcome, Candidate, ChunkSink, CompletionRequest, Cost, Error, NanoUsd, Target,
};
use crate::limit::Denied;

impl Gateway {
    /// Estimates how long a candidate takes that writes as much as it may.
    fn takes(&self, candidate: &Candidate, call: &CallContext<'_>) -> Duration {
        let expected = self.routing.expected_output_tokens.max(1);
        let longer = f64::from(call.request.max_tokens) / f64::from(expected);
        candidate.latency.mul_f64(longer.clamp(1.0, 1e3))
    }

    /// Tries one target of the route after another.
    pub(super) async fn attempts(
        &self,
        call: &CallContext<'_>,
        route: &mut Route,
        tally: &mut Tally,
    ) -> Result<(Answered, Candidate), Stop> {
        let mut failures = Failures::default();
        let mut repair: Option<Repair> = None;
        let mut denied: Option<Error> = None;
        let mut index = 0;
        while index < self.settings.max_attempts {
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
            let spec = call.known.catalogue.spec(provider, model);
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
            } = match ended {
                Ok(ended) => ended,
                // It was not made, so it does not count.
                Err(Denied::Target(error, affordable)) => {
                    // The cheapest says what waiting is good for.
                    denied = Some(error);
                    self.avoid(call, route, &candidate, affordable);
                    continue;
                }
                Err(Denied::Call(error)) => return Err(Stop::Refused(error)),
            };
            index += 1;
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
                        .learn(&candidate.target, kind, candidates, &call.known.catalogue);
                }
            }
        }
        Err(match denied {
            Some(denied) if failures.last_kind().is_none() => Stop::Refused(denied),
            _ => Stop::Exhausted(failures),
        })
    }

    /// Takes from the plan what the caller's limits would refuse as well: what
    /// may cost more than is left, or else the vendor's other models.
    fn avoid(
        &self,
        call: &CallContext<'_>,
        route: &mut Route,
        denied: &Candidate,
        affordable: Option<NanoUsd>,
    ) {
        let candidates = &route.report.candidates;
        let Some(left) = affordable else {
            let others = |next: &Candidate| next.target.provider != denied.target.provider;
            return route.plan.retain(candidates, others);
        };
        let bound = |next: &Candidate| {
            let (provider, model) = (&next.target.provider, &next.target.model);
            let spec = call.known.catalogue.spec(provider, model)?;
            self.most(call.known, call.request, &next.target, spec).cost
        };
        let cheapest = route.plan.cheapest(candidates, bound);
        let own = bound(denied);
        route.plan.retain(candidates, |next| {
            bound(next).is_some_and(|bound| bound <= left)
        });
        let is_cheaper = |place: &usize| {
            let next = candidates.get(*place).and_then(bound);
            next.zip(own).is_some_and(|(next, own)| next < own)
        };
        if !route.plan.has_another()
            && let Some(place) = cheapest.filter(is_cheaper)
        {
            route.plan.put(place);
        }
    }
}

/// The one chance of a model to mend its answer.
struct Repair {
    candidate: Candidate,
    request: CompletionRequest,
}

/// Why the attempts ended without an answer.
pub(super) enum Stop {
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
pub(super) struct Tally {
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
    pub(super) fn cut_attempt(&mut self) -> Option<Attempt> {
        let (target, began) = self.pending.take()?;
        Some(Attempt {
            target,
            outcome: AttemptOutcome::Cancelled,
            latency: began.elapsed(),
            error: None,
        })
    }

    pub(super) fn cost(&self) -> Cost {
        if self.is_unpriced {
            return Cost::Unpriced;
        }
        Cost::Priced {
            amount: self.amount,
            is_incomplete: self.is_incomplete,
        }
    }
}
