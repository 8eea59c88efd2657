//! Leaves a store that fails alone for a while.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which the store is left alone.
const FAILURES: u32 = 3;
/// How long it is left alone at first.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest that it is left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Three failures in a row keep everybody away from a store for a second,
/// and each further one for twice as long, up to 15 s. So a store that is
/// down costs a request nothing, and is found again within 15 s.
#[derive(Clone, Copy, Debug, Default)]
pub struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Returns how long to stay away from the store; zero if it may be tried.
    pub fn wait(&self, now: Instant) -> Duration {
        self.open_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Notes that the store has answered.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Notes that the store has failed.
    pub fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if let Some(excess) = self.failures.checked_sub(FAILURES) {
            let wait = FIRST_WAIT.saturating_mul(1 << excess.min(8));
            self.open_until = Some(now + wait.min(LONGEST_WAIT));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_end_with_the_first_success() {
        let now = Instant::now();
        let mut breaker = Breaker::default();

        let waits: Vec<u64> = (0..9)
            .map(|_| {
                breaker.failed(now);
                breaker.wait(now).as_secs()
            })
            .collect();
        breaker.succeeded();

        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 15, 15, 15]);
        assert_eq!(breaker.wait(now), Duration::ZERO);
    }
}
