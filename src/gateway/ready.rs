//! What it takes before a target is asked: time, a place, a closed circuit and
//! a budget of repeats.

use std::time::Duration;

use tokio::time::Instant;

use super::Gateway;
use super::attempt::unknown_target;
use super::call::{CallContext, Pace};
use super::circuits::Entry;
use super::jitter::jitter;
use super::next_target::{Progress, Step};
use super::route::Route;
use super::structured::Form;
use super::vendor_places::{Crowded, Place};
use crate::domain::{Candidate, Error, ModelSpec, Target};

/// The longest wait for a place at a vendor, and its share of the time left.
const QUEUE: Duration = Duration::from_secs(2);
const QUEUE_SHARE: f64 = 0.25;
/// How long after its deadline a lost trial still has the slot.
const LEASE_GRACE: Duration = Duration::from_secs(1);

/// All that an attempt needs.
pub(super) struct Ready<'g, 'a> {
    pub(super) spec: &'a ModelSpec,
    pub(super) form: Option<Form<'a>>,
    /// Nobody else is left to be asked afterwards.
    pub(super) is_last: bool,
    pub(super) deadline: Instant,
    pub(super) entry: Entry<'a>,
    pub(super) _place: Place<'g>,
}

/// Why an attempt is not made.
pub(super) enum NotReady {
    /// Another target may be asked.
    Skip,
    /// Too much was made again lately.
    GiveUp,
    /// No time is left.
    OutOfTime,
    /// It cannot be made at all.
    Refused(Error),
}

impl Gateway {
    /// Gathers what the attempt at `candidate` needs.
    pub(super) async fn make_ready<'g: 'a, 'a>(
        &'g self,
        call: &CallContext<'a>,
        route: &Route,
        candidate: &'a Candidate,
        step: &Step,
        so_far: &mut Progress,
    ) -> Result<Ready<'g, 'a>, NotReady> {
        let (target, made) = (&candidate.target, so_far.made);
        let is_last = !self.has_another(route) || made + 1 == self.settings.max_attempts;
        let spec = call.known.catalogue.spec(&target.provider, &target.model);
        let spec = spec.ok_or_else(|| NotReady::Refused(unknown_target(target)))?;
        let form = Form::of(call.request, spec).map_err(|error| {
            // What a vendor said before is the better reason.
            if made > 0 {
                NotReady::Skip
            } else {
                NotReady::Refused(error)
            }
        })?;
        let pace = self.pace(candidate, call, form.as_ref());
        let deadline = call.attempt_deadline(made, is_last, pace);
        let deadline = deadline.ok_or(NotReady::OutOfTime)?;
        let is_override = matches!(step, Step::Override);
        // What is asked against the odds has not all the time, though it is
        // the last.
        let deadline = if is_override {
            deadline.min(Instant::now() + pace.patience())
        } else {
            deadline
        };
        // Nobody queues at a vendor that is not asked anyway.
        if !is_override && self.is_shut(route, candidate, so_far) {
            return Err(NotReady::Skip);
        }
        let may_wait = is_last && !is_override;
        let place = self.place_at(call, target, may_wait).await;
        let place = place.map_err(|crowded| {
            if !is_override {
                so_far.crowd(crowded);
            }
            NotReady::Skip
        })?;
        let entry = self.enter(call, (route.size, deadline), candidate, step, so_far);
        let entry = entry.ok_or(NotReady::Skip)?;
        if !self.may_ask(target, step, made) {
            return Err(NotReady::GiveUp);
        }
        Ok(Ready {
            spec,
            form,
            is_last,
            deadline,
            entry,
            _place: place,
        })
    }

    /// Returns how long a candidate takes until it shows something: what is
    /// held to a form shows nothing before it is whole.
    fn pace(&self, candidate: &Candidate, call: &CallContext<'_>, form: Option<&Form<'_>>) -> Pace {
        let expected = self.routing.expected_output_tokens.max(1);
        let longer = f64::from(call.request.max_tokens) / f64::from(expected);
        let is_shown = call.relay.is_some() && form.is_none();
        Pace::of(candidate, is_shown, longer)
    }

    /// Tells whether a candidate's circuits keep the call out just now.
    fn is_shut(&self, route: &Route, candidate: &Candidate, so_far: &mut Progress) -> bool {
        let (circuits, now) = (self.circuits.now(), Instant::now());
        let (provider, model) = (&candidate.target.provider, &candidate.target.model);
        let closure = circuits.closure(provider, model, route.size, now);
        drop(circuits);
        let closure = closure.map(|closure| so_far.shut(candidate, closure));
        closure.is_some()
    }

    /// Takes a place at the target's vendor, and waits for one if it may.
    async fn place_at(
        &self,
        call: &CallContext<'_>,
        target: &Target,
        may_wait: bool,
    ) -> Result<Place<'_>, Crowded> {
        let taken = self.places.take(&target.provider);
        if taken.is_ok() || !may_wait {
            return taken;
        }
        let most = QUEUE.min(call.left().mul_f64(QUEUE_SHARE));
        self.places.wait(&target.provider, most).await
    }

    /// Gives the right to ask a candidate, if its circuits let the call pass.
    fn enter<'a>(
        &'a self,
        call: &CallContext<'_>,
        (size, deadline): (u64, Instant),
        candidate: &'a Candidate,
        step: &Step,
        so_far: &mut Progress,
    ) -> Option<Entry<'a>> {
        let target = &candidate.target;
        let share = jitter(call.id, u64::from(so_far.made));
        if matches!(step, Step::Override) {
            return self.circuits.override_for(target, share);
        }
        let lease = deadline.saturating_duration_since(Instant::now());
        let lease = lease.saturating_add(LEASE_GRACE);
        // A trial is nobody's last chance, unless it is the only one.
        let may_try = so_far.made == 0 || so_far.made + 1 < self.settings.max_attempts;
        let entry = self
            .circuits
            .enter(
                target,
                size,
                (lease, may_try),
                (share, self.metrics.reliability()),
            )
            .map_err(|closure| so_far.shut(candidate, closure));
        entry.ok()
    }

    /// Counts an attempt; false if too many were made again lately.
    fn may_ask(&self, target: &Target, step: &Step, made: u32) -> bool {
        let kind = match step {
            Step::Planned if made == 0 => {
                self.retries.began(target);
                return true;
            }
            Step::Planned => "failover",
            Step::Retry => "retry",
            Step::Repair(_) => "repair",
            Step::Override => "override",
        };
        let is_left = match step {
            Step::Planned => self.retries.fail_over(target),
            Step::Retry | Step::Repair(_) => self.retries.retry(target),
            // Its pace is held by the circuit.
            Step::Override => true,
        };
        self.metrics.reliability().asked_again(kind, is_left);
        is_left
    }
}
