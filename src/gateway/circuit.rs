//! When to stop asking somebody who only fails, and when to try again: one
//! circuit breaker.
//!
//! A streak of failures sees what is dead at once, the share of failures
//! what is half dead. The window counts instead of averaging by arrival,
//! since an average hides a burst. State is this process's own.

mod state;
mod verdict;

use std::time::Duration;

use tokio::time::Instant;

pub use state::CircuitState;
pub(super) use verdict::{Cause, Closure, Outage, Proof, Verdict};

use super::window::Window;

/// Failures in a row that open a circuit.
const STREAK: u32 = 5;
/// The share of failures that opens one, and among how many outcomes.
const FAILED_SHARE: f64 = 0.5;
const LEAST_OUTCOMES: u32 = 10;
/// How long a circuit is open the first time, at least and at most.
const FIRST_COOLDOWN: Duration = Duration::from_secs(5);
const LEAST_COOLDOWN: Duration = Duration::from_secs(1);
const MOST_COOLDOWN: Duration = Duration::from_secs(120);
/// The highest power of two that the cooldown is multiplied by.
const TOP_LEVEL: u32 = 5;
/// A circuit that has been closed for so long starts from the first cooldown
/// again. Starting anew at the first success would let a target that flaps
/// take a full burst every five seconds for ever.
const LEVEL_KEPT: Duration = Duration::from_secs(60);
/// The wait after a vendor throttled without saying for how long: doubled
/// each time that it does so again after a wait, up to the second.
const FIRST_THROTTLE: Duration = Duration::from_secs(1);
const MOST_THROTTLE: Duration = Duration::from_secs(60);
/// The longest wait for somebody who is out by his own word.
const MOST_DOWN: Duration = Duration::from_hours(24);

/// The right to ask; it goes back to [`Circuit::record`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    epoch: u64,
    is_trial: bool,
}

/// What is known of somebody who is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Circuit {
    state: State,
    /// Counts changes of state, so that an attempt that began before the
    /// last one changes nothing.
    epoch: u64,
    level: u32,
    closed_at: Option<Instant>,
    streak: u32,
    throttles: u32,
    /// Failures and all outcomes of half a minute. Who is not asked becomes
    /// unknown again.
    window: Window<3>,
    /// Until when the vendor asked to be left alone.
    not_before: Option<Instant>,
    /// What opened it last.
    why: Cause,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Closed,
    Open(ClosedUntil),
    /// Until when the one trial has the slot.
    HalfOpen(Option<Instant>),
}

#[derive(Clone, Copy, Debug)]
struct ClosedUntil {
    until: Instant,
    cause: Cause,
    ends_by: Proof,
}

impl Circuit {
    /// Returns the state. Never changes it.
    pub(super) fn state(&self, now: Instant) -> CircuitState {
        match self.state {
            State::Closed => CircuitState::Closed,
            State::Open(closed) if closed.until > now => CircuitState::Open,
            State::Open(_) | State::HalfOpen(_) => CircuitState::HalfOpen,
        }
    }

    /// Returns why nobody may ask now, if so. Never changes anything.
    pub(super) fn closure(&self, now: Instant) -> Option<Closure> {
        let by = |until, cause| {
            let closure = Closure { until, cause };
            (until > now).then_some(closure)
        };
        let own = match self.state {
            State::Closed | State::HalfOpen(None) => None,
            State::Open(closed) => by(closed.until, closed.cause),
            State::HalfOpen(Some(lease)) => by(lease, self.why),
        };
        // Whatever else is known, the vendor's own word holds.
        let asked = self
            .not_before
            .and_then(|until| by(until, Cause::Throttled));
        Closure::later(own, asked)
    }

    /// Gives the right to ask. Where it is a trial, no other is given before
    /// this one has come back, or until `lease` is over: it may be lost.
    ///
    /// # Errors
    /// The [`Closure`], as [`Circuit::closure`] tells it.
    pub(super) fn enter(&mut self, now: Instant, lease: Duration) -> Result<Pass, Closure> {
        if let Some(closure) = self.closure(now) {
            return Err(closure);
        }
        let is_trial = self.is_trial_due();
        if is_trial {
            self.epoch = self.epoch.wrapping_add(1);
            self.state = State::HalfOpen(Some(now + lease));
        }
        Ok(Pass {
            epoch: self.epoch,
            is_trial,
        })
    }

    /// Tells whether a trial would be the first since it opened.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Tells whether the next one to ask would be the trial.
    pub(super) const fn is_trial_due(&self) -> bool {
        !matches!(self.state, State::Closed)
    }

    /// Draws the conclusion from what `pass` was used for. `jitter` is a
    /// share, 0 to 1, that spreads the next trial. Returns the new state if
    /// there is one.
    pub(super) fn record(
        &mut self,
        pass: Pass,
        verdict: Verdict,
        now: Instant,
        jitter: f64,
    ) -> Option<CircuitState> {
        // Whenever it was asked, the vendor says this now.
        self.heed(verdict, now, jitter);
        if pass.epoch != self.epoch {
            // The answer to a trial that was given up proves as much.
            let is_proof = pass.is_trial && verdict == Verdict::Success;
            if is_proof && matches!(self.state, State::HalfOpen(_)) {
                self.answered(now);
                return Some(CircuitState::Closed);
            }
            return None;
        }
        if pass.is_trial {
            return self.end_trial(verdict, now, jitter);
        }
        match verdict {
            Verdict::Neutral => return None,
            Verdict::Success => {
                self.streak = 0;
                self.throttles = 0;
                self.window.add(now, [0, 1]);
                return None;
            }
            Verdict::Down(outage) => return Some(self.open_hard(outage, now)),
            // A caller in a hurry proves nothing against one that answers.
            Verdict::Cut if self.has_answered(now) => return None,
            Verdict::Cut => self.window.add(now, [1, 1]),
            Verdict::Failure(_) => {
                self.streak = self.streak.saturating_add(1);
                self.window.add(now, [1, 1]);
            }
            Verdict::Throttled(_) => self.window.add(now, [1, 1]),
        }
        let [failed, all] = self.window.counts(now);
        let is_half_dead =
            all >= LEAST_OUTCOMES && f64::from(failed) >= FAILED_SHARE * f64::from(all);
        (self.streak >= STREAK || is_half_dead).then(|| self.open(verdict, now, jitter))
    }

    /// Takes note of a sign of life that cost nothing. Returns the new state
    /// if there is one.
    pub(super) fn gave_sign(&mut self, now: Instant) -> Option<CircuitState> {
        let State::Open(closed) = &mut self.state else {
            return None;
        };
        match closed.ends_by {
            Proof::Sign => {
                self.close(now);
                Some(CircuitState::Closed)
            }
            Proof::Trial => {
                let soonest = self.not_before.map_or(now, |asked| asked.max(now));
                closed.until = closed.until.min(soonest);
                let is_due = closed.until <= now;
                if is_due {
                    self.state = State::HalfOpen(None);
                }
                is_due.then_some(CircuitState::HalfOpen)
            }
            Proof::Call => None,
        }
    }

    /// Takes note that there was no sign of life where none costs anything:
    /// proof enough while no call says otherwise. A trial under way says more.
    /// A circuit that is open stays so if nobody could be reached shortly
    /// before a trial: within `unreached`, if so. Returns the new state if there is one.
    pub(super) fn gave_no_sign(
        &mut self,
        now: Instant,
        jitter: f64,
        unreached: Option<Duration>,
    ) -> Option<CircuitState> {
        let (open, proof) = match self.state {
            State::HalfOpen(Some(_)) => return None,
            State::Open(closed) => {
                let soon = now + unreached.unwrap_or_default();
                if closed.until > soon || closed.ends_by == Proof::Call {
                    return None;
                }
                self.raise();
                let open = self.open_for(Verdict::Failure(None), now, jitter);
                (open, closed.ends_by)
            }
            State::HalfOpen(None) => {
                self.raise();
                (
                    self.open_for(Verdict::Failure(None), now, jitter),
                    Proof::Trial,
                )
            }
            // Calls that are answered say more than a list.
            State::Closed if self.has_answered(now) => return None,
            State::Closed => (self.open(Verdict::Failure(None), now, jitter), Proof::Sign),
        };
        self.ends_by(proof);
        Some(open)
    }

    fn ends_by(&mut self, proof: Proof) {
        if let State::Open(closed) = &mut self.state {
            closed.ends_by = proof;
        }
    }

    /// Tells whether an answer came within the last half minute.
    fn has_answered(&self, now: Instant) -> bool {
        let [failed, all] = self.window.counts(now);
        all > failed
    }

    fn end_trial(&mut self, verdict: Verdict, now: Instant, jitter: f64) -> Option<CircuitState> {
        match verdict {
            Verdict::Neutral => {
                // The slot is free, for whoever comes next.
                self.state = State::HalfOpen(None);
                None
            }
            Verdict::Success => {
                self.answered(now);
                Some(CircuitState::Closed)
            }
            Verdict::Down(outage) => Some(self.open_hard(outage, now)),
            // Another trial may have more time; it is no worse for this one.
            Verdict::Cut => Some(self.open_for(verdict, now, jitter)),
            Verdict::Failure(_) | Verdict::Throttled(_) => {
                self.raise();
                Some(self.open_for(verdict, now, jitter))
            }
        }
    }

    /// Closes it: an answer came.
    pub(super) fn answered(&mut self, now: Instant) {
        self.close(now);
        self.window.add(now, [0, 1]);
    }

    /// Closes it. A pause that was asked for goes on.
    fn close(&mut self, now: Instant) {
        *self = Self {
            epoch: self.epoch.wrapping_add(1),
            level: self.level,
            closed_at: Some(now),
            not_before: self.not_before,
            ..Self::default()
        };
    }

    /// Opens a closed circuit.
    fn open(&mut self, verdict: Verdict, now: Instant, jitter: f64) -> CircuitState {
        match self.closed_at {
            Some(closed) if now.saturating_duration_since(closed) < LEVEL_KEPT => self.raise(),
            _ => self.level = 0,
        }
        self.open_for(verdict, now, jitter)
    }

    fn raise(&mut self) {
        self.level = self.level.saturating_add(1).min(TOP_LEVEL);
    }

    fn open_for(&mut self, verdict: Verdict, now: Instant, jitter: f64) -> CircuitState {
        // Ten per cent less to ten per cent more.
        let spread = 0.9 + 0.2 * jitter.clamp(0.0, 1.0);
        let own = FIRST_COOLDOWN.saturating_mul(1 << self.level);
        let own = own.mul_f64(spread).clamp(LEAST_COOLDOWN, MOST_COOLDOWN);
        let cooldown = match verdict {
            // Who says when there is room again is taken at his word.
            Verdict::Throttled(Some(_)) => Duration::ZERO,
            _ => own,
        };
        let cause = match verdict {
            Verdict::Throttled(_) => Cause::Throttled,
            _ => Cause::Failing,
        };
        self.open_until(ClosedUntil {
            until: now + cooldown,
            cause,
            ends_by: Proof::Trial,
        })
    }

    fn open_hard(&mut self, outage: Outage, now: Instant) -> CircuitState {
        self.open_until(ClosedUntil {
            until: now + outage.time.min(MOST_DOWN),
            cause: outage.cause,
            ends_by: outage.ends_by,
        })
    }

    /// Opens it, for no less than the vendor asked for.
    fn open_until(&mut self, mut closed: ClosedUntil) -> CircuitState {
        self.epoch = self.epoch.wrapping_add(1);
        closed.until = self
            .not_before
            .map_or(closed.until, |asked| asked.max(closed.until));
        self.state = State::Open(closed);
        self.why = closed.cause;
        self.streak = 0;
        CircuitState::Open
    }

    /// Keeps to the wait that a vendor asks for, whatever the state.
    pub(super) fn heed(&mut self, verdict: Verdict, now: Instant, jitter: f64) {
        let wait = match verdict {
            Verdict::Throttled(told) => {
                // Those that meet one and the same pause are one refusal.
                if self.not_before.is_none_or(|until| until <= now) {
                    self.throttles = self.throttles.saturating_add(1);
                }
                let power = self.throttles.saturating_sub(1).min(6);
                told.unwrap_or(MOST_THROTTLE.min(FIRST_THROTTLE.saturating_mul(1 << power)))
            }
            Verdict::Failure(Some(told)) => told,
            _ => return,
        };
        let until = now + upwards(wait, jitter);
        self.not_before = Some(self.not_before.map_or(until, |known| known.max(until)));
        if let State::Open(closed) = &mut self.state {
            closed.until = closed.until.max(until);
        }
    }
}

/// Spreads a wait by up to a tenth, never to less: it was promised.
fn upwards(wait: Duration, jitter: f64) -> Duration {
    wait.mul_f64(1.0 + 0.1 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
