//! How many calls may be made again: a bad day must not multiply the load.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::window::Window;
use crate::domain::{ModelId, ProviderName, Target};

/// Calls that may be made again without any others, a second, so that a
/// gateway with little to do can still mend a failure (Envoy's least).
const ALWAYS_A_SECOND: f64 = 3.0;
/// Retries and hedges per first attempt at a target (Finagle's share).
const RETRIES: f64 = 0.2;
/// Failovers per call.
const FAILOVERS: f64 = 0.5;
/// Hedges per call (*The Tail at Scale*, Dean and Barroso 2013: asking again
/// after the 95th percentile costs 5 % more calls), and one in ten seconds.
const HEDGES: f64 = 0.05;
const HEDGES_A_SECOND: f64 = 0.1;

/// Counts first attempts and repeats, per target and in all.
///
/// Bounded by the catalogue: only its targets are ever asked.
#[derive(Debug, Default)]
pub(super) struct RetryBudgets {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Of a minute, since a vendor that hangs makes all calls of its time-out
    /// fail over at about the same time.
    calls: Budget<6>,
    hedges: Budget<1>,
    /// Of ten seconds (Finagle's window).
    targets: HashMap<ProviderName, HashMap<ModelId, Budget<1>>>,
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
        let is_left = counts.hedges.withdraw(now, HEDGES, HEDGES_A_SECOND);
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
        let is_left = counts.calls.withdraw(now, FAILOVERS, ALWAYS_A_SECOND);
        if is_left {
            counts.of(target).deposit(now);
        }
        is_left
    }

    /// Takes one repeat at the same target, if there is any left.
    pub(super) fn retry(&self, target: &Target) -> bool {
        let now = Instant::now();
        self.counts()
            .of(target)
            .withdraw(now, RETRIES, ALWAYS_A_SECOND)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn of(&mut self, target: &Target) -> &mut Budget<1> {
        let models = self.targets.entry(target.provider.clone()).or_default();
        models.entry(target.model.clone()).or_default()
    }
}

/// First attempts and repeats.
#[derive(Debug, Default)]
struct Budget<const PART_S: u64>(Window<PART_S>);

impl<const PART_S: u64> Budget<PART_S> {
    fn deposit(&mut self, now: Instant) {
        self.0.add(now, [1, 0]);
    }

    /// Takes one repeat, if repeats are at most `share` of the first attempts
    /// and so many a second besides.
    fn withdraw(&mut self, now: Instant, share: f64, always_a_second: f64) -> bool {
        let [first, again] = self.0.counts(now);
        let always = always_a_second * Window::<PART_S>::SECONDS as f64;
        let is_left = f64::from(again) + 1.0 <= share * f64::from(first) + always;
        if is_left {
            self.0.add(now, [0, 1]);
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
            let mut budget = Budget::<1>::default();
            let mut now = Instant::now();
            let mut log: Vec<(Instant, bool)> = Vec::new();
            for (is_first, wait) in steps {
                now += Duration::from_millis(wait);
                if is_first {
                    budget.deposit(now);
                    log.push((now, true));
                } else if budget.withdraw(now, RETRIES, ALWAYS_A_SECOND) {
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
            let mut budget = Budget::<1>::default();
            let now = Instant::now();
            for _ in 0..calls {
                budget.deposit(now);
            }

            let given = (0..1_000).filter(|_| budget.withdraw(now, FAILOVERS, ALWAYS_A_SECOND)).count();

            prop_assert_eq!(given, (calls / 2 + 30) as usize);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_spent_comes_back_with_time() {
        let mut budget = Budget::<1>::default();
        while budget.withdraw(Instant::now(), RETRIES, ALWAYS_A_SECOND) {}

        tokio::time::advance(Duration::from_secs(10)).await;

        assert!(budget.withdraw(Instant::now(), RETRIES, ALWAYS_A_SECOND));
    }
}
