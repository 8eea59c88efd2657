//! Who is asked next, and whether now.

use std::time::Duration;

use tokio::time::Instant;

use super::Gateway;
use super::attempts::Stop;
use super::call::CallContext;
use super::circuit::{Cause, Closure};
use super::disposition::{Retry, disposition};
use super::hedge::Beside;
use super::jitter::jitter;
use super::plan::Plan;
use super::refusal::{self, Failures};
use super::route::Route;
use super::tally::Tally;
use super::vendor_places::Crowded;
use crate::domain::{Candidate, CompletionRequest, Error, ProviderError};

/// The longest pause before a target is asked again, and the share of the
/// time left that it may take.
const PAUSE: Duration = Duration::from_secs(2);
const PAUSE_SHARE: f64 = 0.2;
/// The longest first pause; it doubles with each attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The wait that a caller is told who may ask again at once.
const A_MOMENT: Duration = Duration::from_millis(250);

/// The attempts of a call so far.
#[derive(Default)]
pub(super) struct Progress {
    /// How many were made.
    pub(super) made: u32,
    pub(super) failures: Failures,
    /// What the next one is, where it is not the plan's next.
    pub(super) again: Option<(Candidate, Step)>,
    /// A limit refused a target.
    pub(super) denied: Option<Error>,
    /// Of the targets whose circuits are not closed, the one that is asked
    /// the soonest.
    pub(super) shut: Option<(Candidate, Closure)>,
    /// The same among those that are not just throttled or out for good.
    least_bad: Option<(Candidate, Closure)>,
    /// The vendor that is likely to have a place the soonest, of those that
    /// had none.
    pub(super) crowded: Option<Crowded>,
    /// A vendor refused the request as it stands.
    pub(super) is_rejected: bool,
    has_overridden: bool,
}

/// What an attempt is.
pub(super) enum Step {
    /// The plan's next.
    Planned,
    /// The same target once more.
    Retry,
    /// The same target, with what its answer lacked.
    Repair(Box<CompletionRequest>),
    /// Although its circuit is open: nobody else is left.
    Override,
}

impl Progress {
    /// Chooses whom to ask next; `None` if nobody is left.
    pub(super) fn next(
        &mut self,
        plan: &mut Plan,
        candidates: &[Candidate],
    ) -> Option<(Candidate, Step)> {
        if let Some(again) = self.again.take() {
            return Some(again);
        }
        if let Some(candidate) = plan.next(candidates) {
            return Some((candidate.clone(), Step::Planned));
        }
        // Who throttles has said when there is room.
        let (candidate, _) = self.least_bad.take()?;
        let is_first = !std::mem::replace(&mut self.has_overridden, true);
        is_first.then_some((candidate, Step::Override))
    }

    /// Remembers a vendor without a place.
    pub(super) fn crowd(&mut self, crowded: Crowded) {
        let is_sooner = |known: &Crowded| crowded.wait < known.wait;
        if self.crowded.as_ref().is_none_or(is_sooner) {
            self.crowded = Some(crowded);
        }
    }

    /// Takes note of what ran beside the attempt that ended the race.
    pub(super) fn take(&mut self, beside: Beside, route: &mut Route, tally: &mut Tally) {
        self.made += 1;
        match beside {
            Beside::Lost(lost) => {
                tally.leave(lost.left);
                route.report.attempts.push(lost.cut());
            }
            Beside::Failed(ended) => {
                route.report.attempts.push(ended.attempt);
                tally.add(ended.cost);
                if let Err(error) = ended.result {
                    self.failures.add(error);
                }
            }
        }
    }

    /// Makes the end of a call whose time is over.
    pub(super) fn out_of_time(self) -> Stop {
        // What failed says more than that no time is left for others.
        match self.failures.last_kind() {
            Some(kind) if !refusal::is_our_deadline(kind) => Stop::Exhausted(self.failures),
            _ => Stop::OutOfTime,
        }
    }

    /// Remembers a target whose circuits are not closed.
    pub(super) fn shut(&mut self, candidate: &Candidate, closure: Closure) {
        let order = |closure: &Closure| (closure.cause.is_hard(), closure.until);
        let is_sooner = |known: &(Candidate, Closure)| order(&closure) < order(&known.1);
        if self.shut.as_ref().is_none_or(is_sooner) {
            self.shut = Some((candidate.clone(), closure));
        }
        let is_least_bad = self.least_bad.as_ref().is_none_or(is_sooner);
        if closure.cause == Cause::Failing && is_least_bad {
            self.least_bad = Some((candidate.clone(), closure));
        }
    }
}

impl Gateway {
    /// Tells whether the plan holds a target that may be asked now.
    pub(super) fn has_another(&self, route: &Route) -> bool {
        let (circuits, now) = (self.circuits.now(), Instant::now());
        let is_closed = |next: &Candidate| {
            let target = &next.target;
            let closure = circuits.closure(&target.provider, &target.model, route.size, now);
            closure.is_none()
        };
        let candidates = &route.report.candidates;
        route.plan.find(candidates, is_closed).is_some()
    }

    /// Returns when a target that failed may be asked once more, if that is
    /// of use within the call.
    pub(super) fn retry_at(
        &self,
        call: &CallContext<'_>,
        failed: &Candidate,
        error: &ProviderError,
        made: u32,
    ) -> Option<Instant> {
        let share = jitter(call.id, u64::from(made) << 32);
        let pause = match disposition(error).retry {
            Retry::Never => return None,
            Retry::AtOnce | Retry::WhenThereIsRoom => Duration::ZERO,
            Retry::Later => {
                let doubled = FIRST_PAUSE.saturating_mul(1 << made.min(4));
                doubled.min(PAUSE).mul_f64(share)
            }
        };
        let now = Instant::now();
        let at = now + pause.max(error.retry_after.unwrap_or_default());
        let target = &failed.target;
        let closure = self
            .circuits
            .now()
            .closure(&target.provider, &target.model, 0, now);
        let at = match closure {
            None => at,
            // The vendor has said when.
            Some(closure) if closure.cause == Cause::Throttled => at.max(closure.until),
            // It has failed too often.
            Some(_) => return None,
        };
        let is_soon = at - now <= PAUSE.min(call.left().mul_f64(PAUSE_SHARE));
        let is_of_use = at + failed.expected.latency <= call.last_moment();
        (is_soon && is_of_use).then_some(at)
    }

    /// Returns how long it takes until a target of the route may be asked, if
    /// circuits keep calls from some: a moment if there is one already, and
    /// then `false`.
    pub(super) fn soonest(&self, route: &Route) -> Option<(Duration, bool)> {
        let (circuits, now) = (self.circuits.now(), Instant::now());
        let usable = route.report.candidates.iter();
        let usable = usable.filter(|next| next.filtered_by.is_none());
        let (mut soonest, mut is_any_closed, mut is_exact) = (None::<Duration>, false, true);
        for next in usable {
            let (provider, model) = (&next.target.provider, &next.target.model);
            let closure = circuits.closure(provider, model, route.size, now);
            is_any_closed |= closure.is_some();
            let wait = match closure {
                None => {
                    is_exact = false;
                    A_MOMENT
                }
                // Nobody knows when somebody mends it.
                Some(closure) if closure.cause.is_hard() => continue,
                Some(closure) => closure.until - now,
            };
            soonest = Some(soonest.map_or(wait, |known| known.min(wait)));
        }
        let soonest = soonest.filter(|_| is_any_closed);
        soonest.map(|wait| (wait, is_exact))
    }
}
