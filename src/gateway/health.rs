//! How vendors and models have been doing, from calls made and from probes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::circuits::Cells;
use super::vendor_places::VendorPlaces;
use crate::domain::{ModelId, ProviderError, ProviderErrorKind, ProviderName, Target};
use crate::routing::{Health, TargetHealth};

/// After this time an outcome counts 1/e of a fresh one.
const DECAY: Duration = Duration::from_secs(300);
/// Below this share of successes a vendor is degraded.
const HEALTHY_SHARE: f64 = 0.9;
/// How many observations the prior latency is worth.
const LATENCY_PRIOR_WEIGHT: f64 = 3.0;

/// What a vendor's recent past amounts to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProviderHealth {
    /// Mean time of successful calls, decayed, if there were any.
    pub latency: Option<Duration>,
    /// Share of attempts that succeeded, decayed, if there were any.
    pub success_rate: Option<f64>,
    /// The latest failure in words, until something succeeds.
    pub last_error: Option<String>,
    /// When the vendor last answered or failed to.
    pub checked_at: Option<Timestamp>,
    /// Verdict on the above, as far as calls are let through.
    pub condition: Condition,
}

/// A verdict on a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing speaks against it.
    Healthy,
    /// Some calls fail.
    Degraded,
    /// Nothing succeeds.
    Unavailable,
}

/// The record of outcomes, in memory. Bounded by the catalogue: only targets
/// of the catalogue are ever asked.
#[derive(Debug, Default)]
pub(super) struct HealthBook {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    models: HashMap<ProviderName, HashMap<ModelId, Tally>>,
    providers: HashMap<ProviderName, ProviderTally>,
}

/// What the book says at one moment. Nobody writes into it meanwhile, so hold
/// it for a moment only.
pub(super) struct HealthNow<'a> {
    pages: MutexGuard<'a, Pages>,
    circuits: MutexGuard<'a, Cells>,
    places: &'a VendorPlaces,
    /// The tokens that are asked for.
    size: u64,
    now: Instant,
}

/// How a call's time compares with its target's prior.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slowness {
    /// Of the time to the first piece; `None` if that is not known.
    pub(super) first: Option<f64>,
    /// Of the time of each further token.
    pub(super) flow: Option<f64>,
}

/// Sums that fade together.
#[derive(Clone, Copy, Debug)]
struct Tally {
    successes: f64,
    failures: f64,
    /// Counts and sums of what took how many times as long as its prior.
    first: (f64, f64),
    flow: (f64, f64),
    /// Of the calls that succeeded.
    seconds: f64,
    updated: Instant,
}

impl Tally {
    fn at(self, now: Instant) -> Self {
        let age = now.saturating_duration_since(self.updated).as_secs_f64();
        let kept = (-age / DECAY.as_secs_f64()).exp();
        Self {
            successes: self.successes * kept,
            failures: self.failures * kept,
            first: (self.first.0 * kept, self.first.1 * kept),
            flow: (self.flow.0 * kept, self.flow.1 * kept),
            seconds: self.seconds * kept,
            updated: now,
        }
    }

    fn empty(now: Instant) -> Self {
        Self {
            successes: 0.0,
            failures: 0.0,
            first: (0.0, 0.0),
            flow: (0.0, 0.0),
            seconds: 0.0,
            updated: now,
        }
    }
}

#[derive(Clone, Debug)]
struct ProviderTally {
    tally: Tally,
    is_failing: bool,
    last_error: Option<String>,
    checked_at: Timestamp,
}

impl HealthBook {
    /// Records an answer of `target` that took `latency`.
    pub(super) fn succeeded(
        &self,
        target: &Target,
        (latency, slowness): (Duration, Slowness),
        at: Timestamp,
    ) {
        let add = |(count, sum): &mut (f64, f64), factor: Option<f64>| {
            if let Some(factor) = factor.filter(|factor| factor.is_finite()) {
                *count += 1.0;
                *sum += factor.clamp(0.01, 100.0);
            }
        };
        self.update_model(target, |tally| {
            tally.successes += 1.0;
            add(&mut tally.first, slowness.first);
            add(&mut tally.flow, slowness.flow);
        });
        self.update_provider(&target.provider, at, |provider| {
            provider.tally.successes += 1.0;
            provider.tally.seconds += latency.as_secs_f64();
            provider.well();
        });
    }

    /// Records a failed attempt, as far as it says something about the
    /// vendor's health.
    pub(super) fn failed(&self, target: &Target, error: &ProviderError, at: Timestamp) {
        if !error.kind.counts_against_health() {
            return;
        }
        self.update_model(target, |tally| tally.failures += 1.0);
        // A model that is gone says nothing about the vendor's others.
        if error.kind != ProviderErrorKind::ModelUnavailable {
            self.update_provider(&target.provider, at, |provider| {
                provider.tally.failures += 1.0;
                provider.fail(in_our_words(error));
            });
        }
    }

    /// Records a probe's outcome. It is no call, so it leaves rates and
    /// latencies alone.
    pub(super) fn probed(
        &self,
        name: &ProviderName,
        outcome: Result<(), &ProviderError>,
        at: Timestamp,
    ) {
        self.update_provider(name, at, |provider| match outcome {
            Ok(()) => provider.well(),
            // Nobody's prompt is in the answer to a probe.
            Err(error) => provider.fail(error.to_string()),
        });
    }

    /// Sums up a vendor.
    pub(super) fn of_provider(&self, name: &ProviderName) -> ProviderHealth {
        let pages = self.pages();
        let Some(provider) = pages.providers.get(name) else {
            return ProviderHealth {
                latency: None,
                success_rate: None,
                last_error: None,
                checked_at: None,
                condition: Condition::Healthy,
            };
        };
        let tally = provider.tally.at(Instant::now());
        let calls = tally.successes + tally.failures;
        let success_rate = (calls > 0.01).then(|| tally.successes / calls);
        let latency = (tally.successes > 0.01)
            .then(|| Duration::try_from_secs_f64(tally.seconds / tally.successes).ok())
            .flatten();
        let is_poor = success_rate.is_some_and(|share| share < HEALTHY_SHARE);
        let condition = if provider.is_failing || is_poor {
            Condition::Degraded
        } else {
            Condition::Healthy
        };
        ProviderHealth {
            latency,
            success_rate,
            last_error: provider.last_error.clone(),
            checked_at: Some(provider.checked_at),
            condition,
        }
    }

    /// Opens the book for reading, beside circuits and places, for a request of
    /// `size` tokens.
    pub(super) fn now<'a>(
        &'a self,
        circuits: MutexGuard<'a, Cells>,
        places: &'a VendorPlaces,
        size: u64,
    ) -> HealthNow<'a> {
        HealthNow {
            pages: self.pages(),
            circuits,
            places,
            size,
            now: Instant::now(),
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update_model(&self, target: &Target, change: impl FnOnce(&mut Tally)) {
        let now = Instant::now();
        let mut pages = self.pages();
        let of_provider = pages.models.entry(target.provider.clone()).or_default();
        let tally = of_provider
            .entry(target.model.clone())
            .or_insert_with(|| Tally::empty(now));
        *tally = tally.at(now);
        change(tally);
    }

    fn update_provider(
        &self,
        name: &ProviderName,
        at: Timestamp,
        change: impl FnOnce(&mut ProviderTally),
    ) {
        let now = Instant::now();
        let mut pages = self.pages();
        let provider = pages
            .providers
            .entry(name.clone())
            .or_insert_with(|| ProviderTally {
                tally: Tally::empty(now),
                is_failing: false,
                last_error: None,
                checked_at: at,
            });
        provider.tally = provider.tally.at(now);
        provider.checked_at = at;
        change(provider);
    }
}

/// Says what failed without the vendor's words, which may quote a prompt: all
/// callers see them.
fn in_our_words(error: &ProviderError) -> String {
    match error.status {
        Some(status) => format!("{} (status {status})", error.kind),
        None => error.kind.to_string(),
    }
}

impl ProviderTally {
    fn fail(&mut self, words: String) {
        self.is_failing = true;
        self.last_error = Some(words);
    }

    fn well(&mut self) {
        self.is_failing = false;
        self.last_error = None;
    }
}

impl Health for HealthNow<'_> {
    fn of(&self, provider: &ProviderName, model: &ModelId) -> TargetHealth {
        let closure = self.circuits.closure(provider, model, self.size, self.now);
        let is_down = closure.is_some();
        let load_factor = 1.0 + self.places.taken_share(provider);
        let of_models = self.pages.models.get(provider);
        let Some(tally) = of_models.and_then(|models| models.get(model)) else {
            return TargetHealth {
                is_down,
                load_factor,
                ..TargetHealth::UNKNOWN
            };
        };
        let tally = tally.at(self.now);
        let factor = |(count, sum): (f64, f64)| {
            (sum + LATENCY_PRIOR_WEIGHT) / (count + LATENCY_PRIOR_WEIGHT)
        };
        TargetHealth {
            reliability: (tally.successes + 9.0) / (tally.successes + tally.failures + 10.0),
            first_factor: factor(tally.first),
            flow_factor: factor(tally.flow),
            load_factor,
            is_down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::circuits::Circuits;

    fn target() -> Target {
        let (provider, model) = (ProviderName::new("openai"), ModelId::new("m"));
        Target {
            provider,
            model,
            effort: None,
        }
    }

    fn of(book: &HealthBook, target: &Target) -> TargetHealth {
        let circuits = Circuits::default();
        let places = VendorPlaces::new(std::iter::empty(), 1);
        let now = book.now(circuits.now(), &places, 0);
        now.of(&target.provider, &target.model)
    }

    fn down() -> ProviderError {
        ProviderError::new(ProviderErrorKind::Transport, "refused")
    }

    #[tokio::test(start_paused = true)]
    async fn failures_lower_reliability_and_time_heals() {
        let (book, target) = (HealthBook::default(), target());
        for _ in 0..20 {
            book.failed(&target, &down(), Timestamp::UNIX_EPOCH);
        }

        let ill = of(&book, &target).reliability;
        tokio::time::advance(DECAY * 20).await;
        let healed = of(&book, &target).reliability;

        assert!((ill - 0.3).abs() < 1e-9, "9 of 30, got {ill}");
        assert!((healed - 0.9).abs() < 1e-6, "{healed}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_vendor_is_degraded_while_it_fails_and_healthy_after_a_sign_of_life() {
        let (book, target) = (HealthBook::default(), target());
        let condition = || book.of_provider(&target.provider).condition;

        book.probed(&target.provider, Err(&down()), Timestamp::UNIX_EPOCH);
        let failing = condition();
        book.probed(&target.provider, Ok(()), Timestamp::UNIX_EPOCH);

        assert_eq!(failing, Condition::Degraded);
        assert_eq!(condition(), Condition::Healthy);
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_is_no_sign_of_illness() {
        let (book, target) = (HealthBook::default(), target());
        let throttled = ProviderError::new(ProviderErrorKind::RateLimited, "slow down");

        book.failed(&target, &throttled, Timestamp::UNIX_EPOCH);

        assert_eq!(of(&book, &target), TargetHealth::UNKNOWN);
        assert_eq!(book.of_provider(&target.provider).checked_at, None);
    }
}
