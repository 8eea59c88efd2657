//! Keeps requests from waiting for a server that is down.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::fault::Fault;
use crate::domain::StoreError;
use crate::stores::{Breaker, StoreHealth};

/// How long one request may try a server that was down before the next does.
const TRIAL: Duration = Duration::from_secs(1);

/// Lets all requests through, and after some failures none for a while and
/// then one at a time.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    pub(super) health: StoreHealth,
}

#[derive(Debug, Default)]
struct State {
    breaker: Breaker,
    reason: Option<String>,
    next_trial: Option<Instant>,
    is_on_trial: bool,
}

impl Gate {
    /// Lets a request through, or says at once why not.
    ///
    /// # Errors
    /// [`Fault::Down`] with what failed last.
    pub(super) fn admit(&self) -> Result<(), Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(next) = state.next_trial else {
            return Ok(());
        };
        let now = Instant::now();
        if now < next {
            let reason = state.reason.clone();
            return Err(Fault::Down(reason.unwrap_or_default()));
        }
        state.next_trial = Some(now + TRIAL);
        state.is_on_trial = true;
        Ok(())
    }

    /// Tells whoever was let through before whether the gate has closed.
    ///
    /// # Errors
    /// [`Fault::Down`] with what failed last.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match (state.next_trial, &state.reason) {
            (Some(_), Some(reason)) if !state.is_on_trial => Err(Fault::Down(reason.clone())),
            _ => Ok(()),
        }
    }

    /// Notes an answer.
    pub(super) fn succeeded(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.reason.is_some() {
            *state = State::default();
            self.health.works();
        }
    }

    /// Notes that none came.
    pub(super) fn failed(&self, reason: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.next_trial.is_some() && !state.is_on_trial {
            // It was let through before the gate closed, with many others
            // perhaps, and says nothing new.
            return;
        }
        let now = Instant::now();
        state.is_on_trial = false;
        state.breaker.failed(now);
        state.reason = Some(reason.to_owned());
        let wait = state.breaker.wait(now);
        state.next_trial = (wait > Duration::ZERO).then_some(now + wait);
        self.health.failed(&StoreError(reason.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_down_is_tried_by_one_at_a_time() {
        let gate = Gate::default();
        gate.failed("gone");
        gate.failed("gone");
        assert!(gate.admit().is_ok());

        for seconds in [1, 2, 4, 8, 15, 15] {
            for _ in 0..20 {
                gate.failed("gone");
            }
            advance(Duration::from_millis(seconds * 1000 - 1)).await;
            assert!(gate.admit().is_err(), "{seconds}");
            advance(Duration::from_millis(1)).await;
            assert!(gate.admit().is_ok(), "{seconds}");
            assert!(gate.admit().is_err(), "one at a time");
        }
        assert_eq!(gate.health.state("").fault.as_deref(), Some("gone"));

        gate.succeeded();
        assert!(gate.admit().is_ok() && gate.health.state("").fault.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_hears_that_the_gate_has_closed() {
        let gate = Gate::default();
        gate.failed("gone");
        gate.failed("gone");
        assert!(gate.check().is_ok());

        gate.failed("gone");
        assert!(gate.check().is_err());
        advance(Duration::from_secs(1)).await;
        gate.admit().unwrap();
        assert!(gate.check().is_ok(), "nobody knows yet");
        gate.succeeded();
        assert!(gate.check().is_ok());
    }
}
