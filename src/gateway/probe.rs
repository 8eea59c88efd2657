//! Asks vendors for a sign of life that costs nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Gateway;
use super::circuits::Sign;
use super::jitter::jitter;
use crate::domain::{Provider, ProviderError, ProviderErrorKind, ProviderName, RequestId};

/// What is left between the end of a probe and a call that it saves.
const HEAD_START: Duration = Duration::from_millis(500);
/// The shortest time between two looks.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// The time between two looks at a vendor that waits for a call to be its
/// trial (chosen: the shortest time that a circuit is open).
const TRIAL_PAUSE: Duration = Duration::from_secs(5);

impl Gateway {
    /// Probes every vendor now and again until the process ends: each one
    /// when nothing was heard of it for the configured interval.
    ///
    /// Runs until it is dropped; returns at once if probing is switched off.
    pub async fn keep_probing(&self) {
        if self.settings.probe_interval_ms == 0 {
            return;
        }
        let interval = Duration::from_millis(self.settings.probe_interval_ms);
        let rounds = self
            .providers
            .values()
            .map(|provider| self.probe_rounds(provider, interval));
        futures_util::future::join_all(rounds).await;
    }

    async fn probe_rounds(&self, provider: &Arc<dyn Provider>, interval: Duration) {
        loop {
            self.probe(provider.as_ref()).await;
            // Up to a tenth more, so that several instances do not ask at
            // the same moment.
            let wait = interval.mul_f64(1.0 + jitter(RequestId::random(), 0) / 10.0);
            let mut looked = Instant::now();
            loop {
                let opened = self.circuits.opened();
                let next = self.next_look(provider.name(), looked, wait);
                tokio::select! {
                    () = sleep_until(next) => {}
                    // It may be this vendor's.
                    () = opened => continue,
                }
                let silent = self.silence(provider.as_ref());
                if silent.is_none_or(|silent| silent >= interval) {
                    break;
                }
                looked = Instant::now();
            }
        }
    }

    /// Returns when a vendor that was `looked` at then is looked at again:
    /// after `wait`, or before its circuit lets a call through, so that the
    /// question which costs nothing goes before a caller's.
    fn next_look(&self, name: &ProviderName, looked: Instant, wait: Duration) -> Instant {
        let regular = looked + wait;
        let Some(at) = self.circuits.reopens(name) else {
            return regular;
        };
        let least = if at > Instant::now() {
            LEAST_PAUSE
        } else {
            TRIAL_PAUSE
        };
        let early = at.checked_sub(self.head_start()).unwrap_or(at);
        early.max(looked + least).min(regular)
    }

    /// Returns how long before a circuit lets a call through its vendor is
    /// asked for a sign of life, so that the answer is there in time.
    fn head_start(&self) -> Duration {
        Duration::from_millis(self.settings.probe_timeout_ms).saturating_add(HEAD_START)
    }

    /// Asks one vendor for its models and records what comes of it.
    async fn probe(&self, provider: &dyn Provider) {
        let name = provider.name();
        let outcome = provider.probe(self.probe_deadline(name)).await;
        let outcome = match &outcome {
            // A server without a list of models, or one that throttles,
            // lives all the same.
            Err(error) if error.kind.counts_against_health() && !has_no_list(error) => Err(error),
            _ => Ok(()),
        };
        if let Err(error) = &outcome {
            tracing::warn!(provider = %name, %error, "the vendor did not answer a probe");
        }
        let share = jitter(RequestId::random(), 0);
        let metrics = self.metrics.reliability();
        let sign = match &outcome {
            Ok(()) => Sign::Alive,
            Err(error) if was_not_reached(error.kind) => Sign::Unreached(self.head_start()),
            Err(_) => Sign::Unwell,
        };
        self.circuits.probed(name, sign, share, metrics);
        self.health.probed(name, outcome, self.clock.now());
        self.report_condition(name);
    }

    /// Returns until when a vendor may answer a probe: before a call is let
    /// through, which it might cost a caller.
    fn probe_deadline(&self, name: &ProviderName) -> Instant {
        let now = Instant::now();
        let timeout = Duration::from_millis(self.settings.probe_timeout_ms);
        let reopens = self.circuits.reopens(name).filter(|at| *at > now);
        let early = reopens.and_then(|at| at.checked_sub(HEAD_START));
        let least = now + LEAST_PAUSE.min(timeout);
        early.map_or(now + timeout, |at| at.max(least).min(now + timeout))
    }

    /// Returns for how long nothing was heard of a vendor that is well. One
    /// that is not well is always worth a question.
    fn silence(&self, provider: &dyn Provider) -> Option<Duration> {
        let health = self.health.of_provider(provider.name());
        if health.condition != super::Condition::Healthy {
            return None;
        }
        let heard = health.checked_at?;
        Duration::try_from(self.clock.now().duration_since(heard)).ok()
    }
}

const fn was_not_reached(kind: ProviderErrorKind) -> bool {
    matches!(
        kind,
        ProviderErrorKind::Transport | ProviderErrorKind::Timeout(_)
    )
}

fn has_no_list(error: &ProviderError) -> bool {
    error.kind == ProviderErrorKind::ModelUnavailable
}
