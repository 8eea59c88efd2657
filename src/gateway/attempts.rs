//! One target after another, until one has answered.

use tokio::time::sleep_until;

use super::Gateway;
use super::attempt::{Answered, Ask, Ended};
use super::bounds::Size;
use super::call::CallContext;
use super::next_target::{Progress, Step};
use super::ready::{NotReady, Ready};
use super::refusal::{self, Failures};
use super::route::Route;
use super::structured::Form;
use super::tally::Tally;
use crate::domain::{
    Candidate, ChunkSink, Error, FilterReason, NanoUsd, ProviderError, ProviderErrorKind,
};
use crate::limit::Denied;

/// The most calls of one target within a call.
const MOST_AT_ONE: usize = 2;

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

impl Gateway {
    /// Tries one target of the route after another.
    pub(super) async fn attempts(
        &self,
        call: &CallContext<'_>,
        route: &mut Route,
        tally: &mut Tally,
    ) -> Result<(Answered, Candidate), Stop> {
        let mut so_far = Progress::default();
        while so_far.made < self.settings.max_attempts {
            let Some((candidate, step)) = so_far.next(&mut route.plan, &route.report.candidates)
            else {
                break;
            };
            let ready = self.make_ready(call, route, &candidate, &step, &mut so_far);
            let Ready {
                spec,
                form,
                is_last,
                deadline,
                entry,
                _place,
            } = match ready.await {
                Ok(ready) => ready,
                Err(NotReady::Skip) => continue,
                Err(NotReady::GiveUp) => break,
                Err(NotReady::OutOfTime) => return Err(so_far.out_of_time()),
                Err(NotReady::Refused(error)) => return Err(Stop::Refused(error)),
            };
            if matches!(step, Step::Override) {
                route.report.reason += "; nobody is well, so one whose circuit is open was asked";
            }
            let is_repair = matches!(step, Step::Repair(_));
            let asked = match step {
                Step::Repair(request) => Some(*request),
                _ => form.as_ref().map(|form| form.ask(call.request)),
            };
            let ask = Ask {
                index: so_far.made,
                request: asked.as_ref().unwrap_or(call.request),
                candidate: &candidate,
                spec,
                form: form.as_ref(),
                task: route.report.task.label,
            };
            let raced = self.race(call, route, &ask, (deadline, entry), tally).await;
            tally.pending = [None, None];
            if let Some(beside) = raced.beside {
                so_far.take(beside, route, tally);
            }
            let Ended {
                attempt,
                cost,
                result,
                flaw,
            } = match raced.ended {
                Ok(ended) => ended,
                // It was not made, so it does not count.
                Err(Denied::Target(error, affordable)) => {
                    // The cheapest says what waiting is good for.
                    so_far.denied = Some(error);
                    let denied = raced.by.as_ref().unwrap_or(&candidate);
                    self.avoid(call, route, denied, affordable);
                    continue;
                }
                Err(Denied::Call(error)) => return Err(Stop::Refused(error)),
            };
            so_far.made += 1;
            route.report.attempts.push(attempt);
            tally.add(cost);
            let error = match result {
                Ok(answered) => return Ok((answered, raced.by.unwrap_or(candidate))),
                Err(error) => error,
            };
            // The last target had all the time that was left.
            if is_last && refusal::is_our_deadline(error.kind) && call.is_over() {
                return Err(Stop::OutOfTime);
            }
            so_far.failures.add(error.clone());
            let mended = flaw.filter(|_| !is_repair);
            let mended = mended.map(|flaw| Form::ask_again(ask.request, &flaw));
            let candidate = raced.by.unwrap_or(candidate);
            if let Some(request) = mended {
                so_far.again = Some((candidate, Step::Repair(Box::new(request))));
            } else if !self
                .go_on(call, route, &mut so_far, candidate, &error)
                .await
            {
                break;
            }
        }
        Err(self.give_up(route, so_far))
    }

    /// Draws the conclusions from a failure; false if the call ends with it.
    async fn go_on(
        &self,
        call: &CallContext<'_>,
        route: &mut Route,
        so_far: &mut Progress,
        failed: Candidate,
        error: &ProviderError,
    ) -> bool {
        if call.relay.is_some_and(ChunkSink::has_begun) {
            return false;
        }
        let target = &failed.target;
        if error.kind == ProviderErrorKind::InvalidRequest {
            // It may be this vendor alone that does not take it; two cannot
            // be wrong.
            let candidates = &route.report.candidates;
            let others = |next: &Candidate| next.target.provider != target.provider;
            route.plan.retain(candidates, others);
            return !std::mem::replace(&mut so_far.is_rejected, true);
        }
        if !error.kind.allows_failover() {
            return false;
        }
        let catalogue = &call.known.catalogue;
        let candidates = &route.report.candidates;
        route.plan.learn(target, error.kind, candidates, catalogue);
        if self.has_another(route) {
            return true;
        }
        let made = route.report.attempts.iter();
        let times = made.filter(|made| made.target == *target).count();
        if times < MOST_AT_ONE
            && let Some(at) = self.retry_at(call, &failed, error, so_far.made)
        {
            sleep_until(at).await;
            so_far.again = Some((failed, Step::Retry));
        }
        true
    }

    /// Makes the end of a call that nobody answered.
    fn give_up(&self, route: &Route, so_far: Progress) -> Stop {
        let Progress {
            mut failures,
            denied,
            crowded,
            shut,
            ..
        } = so_far;
        if failures.last_kind().is_some() {
            if let Some((wait, is_exact)) = self.soonest(route) {
                failures.wait(wait, is_exact);
            }
            return Stop::Exhausted(failures);
        }
        if let Some(denied) = denied {
            return Stop::Refused(denied);
        }
        if let Some(crowded) = crowded {
            return Stop::Refused(refusal::crowded(&crowded));
        }
        match shut {
            Some((candidate, closure)) => Stop::Refused(refusal::shut(
                &candidate.target,
                closure,
                self.soonest(route).map(|(wait, _)| wait),
            )),
            None => Stop::Exhausted(failures),
        }
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
        let size = Size::of(call.request);
        let bound = |next: &Candidate| {
            let (provider, model) = (&next.target.provider, &next.target.model);
            let spec = call.known.catalogue.spec(provider, model)?;
            self.most(call.known, size, &next.target, spec).cost
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
        for candidate in &mut route.report.candidates {
            let is_too_dear = bound(candidate).is_none_or(|bound| bound > left);
            if candidate.filtered_by.is_none() && is_too_dear {
                candidate.filtered_by = Some(FilterReason::Budget);
            }
        }
    }
}
