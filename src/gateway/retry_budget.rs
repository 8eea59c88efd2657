//! How many calls may be made again: a bad day must not multiply the load.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{ModelId, ProviderName, Target};

/// How far back counts reach, in parts: ten seconds for a target (Finagle's
/// window), a minute for the failovers of all, since a vendor that hangs makes
/// all calls of its time-out fail over at about the same time.
const PARTS: usize = 10;
const OF_TARGET: Duration = Duration::from_secs(1);
const OF_ALL: Duration = Duration::from_secs(6);
/// Calls that may be made again without any others, a second, so that a
/// gateway with little to do can still mend a failure (Envoy's least).
const ALWAYS_A_SECOND: f64 = 3.0;
/// Retries and hedges per first attempt at a target (Finagle's share).
const RETRIES: f64 = 0.2;
/// Failovers per call.
const FAILOVERS: f64 = 0.5;
/// Hedges per call (*The Tail at Scale*, Dean and Barroso 2013: asking again
/// after the 95th percentile costs 5 % more calls), and one always.
const HEDGES: f64 = 0.05;

/// Counts first attempts and repeats, per target and in all.
///
/// Bounded by the catalogue: only its targets are ever asked.
#[derive(Debug, Default)]
pub(super) struct RetryBudgets {
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    calls: Budget,
    hedges: Budget,
    targets: HashMap<ProviderName, HashMap<ModelId, Budget>>,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            calls: Budget::new(OF_ALL, ALWAYS_A_SECOND),
            hedges: Budget::new(OF_TARGET, 0.1),
            targets: HashMap::new(),
        }
    }
}

impl RetryBudgets {
    /// Counts the first attempt of a call.
    pub(super) fn began(&self, target: &Target) {
        let now = Instant::now();
        let mut counts = self.counts();
        counts.calls.deposit(now);
        counts.hedges.deposit(now);
        counts.of(target).deposit(now);
    }

    /// Takes one second attempt beside the first, if there is any left.
    pub(super) fn hedge(&self, target: &Target) -> bool {
        let now = Instant::now();
        let mut counts = self.counts();
        let is_left = counts.hedges.withdraw(now, HEDGES);
        if is_left {
            counts.of(target).deposit(now);
        }
        is_left
    }

    /// Takes one failover to `target`, if there is any left; the target then
    /// has a first attempt more.
    pub(super) fn fail_over(&self, target: &Target) -> bool {
        let now = Instant::now();
        let mut counts = self.counts();
        let is_left = counts.calls.withdraw(now, FAILOVERS);
        if is_left {
            counts.of(target).deposit(now);
        }
        is_left
    }

    /// Takes one repeat at the same target, if there is any left.
    pub(super) fn retry(&self, target: &Target) -> bool {
        self.counts().of(target).withdraw(Instant::now(), RETRIES)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn of(&mut self, target: &Target) -> &mut Budget {
        let models = self.targets.entry(target.provider.clone()).or_default();
        let budget = models.entry(target.model.clone());
        budget.or_insert_with(|| Budget::new(OF_TARGET, ALWAYS_A_SECOND))
    }
}

/// First attempts and repeats of the last ten parts of time.
#[derive(Debug)]
struct Budget {
    part: Duration,
    /// Repeats that are always allowed within the parts.
    always: f64,
    origin: Option<Instant>,
    parts: [Part; PARTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Part {
    number: u64,
    first: u32,
    again: u32,
}

impl Budget {
    fn new(part: Duration, always_a_second: f64) -> Self {
        Self {
            part,
            always: always_a_second * part.as_secs_f64() * PARTS as f64,
            origin: None,
            parts: [Part::default(); PARTS],
        }
    }

    fn deposit(&mut self, now: Instant) {
        self.count(now, 1, 0);
    }

    fn withdraw(&mut self, now: Instant, share: f64) -> bool {
        let (first, again) = self.sums(now);
        let is_left = f64::from(again) + 1.0 <= share * f64::from(first) + self.always;
        if is_left {
            self.count(now, 0, 1);
        }
        is_left
    }

    fn sums(&self, now: Instant) -> (u32, u32) {
        let number = self.number(now);
        let fresh = self
            .parts
            .iter()
            .filter(|part| part.number + PARTS as u64 > number);
        fresh.fold((0, 0), |(first, again), part| {
            (
                first.saturating_add(part.first),
                again.saturating_add(part.again),
            )
        })
    }

    fn count(&mut self, now: Instant, first: u32, again: u32) {
        self.origin.get_or_insert(now);
        let number = self.number(now);
        let place = usize::try_from(number % PARTS as u64).unwrap_or(0);
        let Some(part) = self.parts.get_mut(place) else {
            return;
        };
        if part.number != number {
            *part = Part {
                number,
                ..Part::default()
            };
        }
        part.first = part.first.saturating_add(first);
        part.again = part.again.saturating_add(again);
    }

    fn number(&self, now: Instant) -> u64 {
        let since = self.origin.map_or(Duration::ZERO, |origin| {
            now.saturating_duration_since(origin)
        });
        since.as_secs() / self.part.as_secs().max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However calls and repeats come, over any minute repeats are at most
        /// their share of the calls and three a second, but for what one
        /// window holds.
        #[test]
        fn repeats_are_a_share_of_the_calls(
            steps in prop::collection::vec((any::<bool>(), 0_u64..400), 1..600),
        ) {
            let mut budget = Budget::new(OF_TARGET, ALWAYS_A_SECOND);
            let mut now = Instant::now();
            let mut log: Vec<(Instant, bool)> = Vec::new();
            for (is_first, wait) in steps {
                now += Duration::from_millis(wait);
                if is_first {
                    budget.deposit(now);
                    log.push((now, true));
                } else if budget.withdraw(now, RETRIES) {
                    log.push((now, false));
                }
                let within = |seconds| {
                    log.iter().filter(move |(at, _)| now - *at <= Duration::from_secs(seconds))
                };
                let repeats = within(60).filter(|(_, is_first)| !is_first).count();
                // Seven windows of nine to ten seconds cover the minute.
                let calls = within(70).filter(|(_, is_first)| *is_first).count();
                prop_assert!(repeats as f64 <= RETRIES * calls as f64 + 7.0 * 30.0);
            }
        }

        /// Under demand, what is allowed is given.
        #[test]
        fn nobody_is_refused_without_need(calls in 0_u32..200) {
            let mut budget = Budget::new(OF_TARGET, ALWAYS_A_SECOND);
            let now = Instant::now();
            for _ in 0..calls {
                budget.deposit(now);
            }

            let given = (0..1_000).filter(|_| budget.withdraw(now, FAILOVERS)).count();

            prop_assert_eq!(given, (calls / 2 + 30) as usize);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_spent_comes_back_with_time() {
        let mut budget = Budget::new(OF_TARGET, ALWAYS_A_SECOND);
        while budget.withdraw(Instant::now(), RETRIES) {}

        tokio::time::advance(OF_TARGET * 10).await;

        assert!(budget.withdraw(Instant::now(), RETRIES));
    }
}
