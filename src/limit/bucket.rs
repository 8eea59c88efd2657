//! A token bucket that can be given back to, in whole numbers.

use std::time::Duration;

use tokio::time::Instant;

/// How many parts a token has: as many as a minute has microseconds, so that
/// what flows in within a microsecond is a whole number of parts.
const PARTS: i128 = 60_000_000;

/// A bucket that fills steadily, never beyond its burst.
///
/// It may owe: what an attempt used beyond what it took is paid by the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    parts: i128,
    at: Instant,
}

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    /// Tokens per minute, 1 or more.
    pub(super) per_minute: u64,
    /// Tokens, 1 or more.
    pub(super) burst: u64,
}

impl Bucket {
    /// Makes a bucket that has been left alone.
    pub(super) fn full(flow: Flow, now: Instant) -> Self {
        Self {
            parts: i128::from(flow.burst) * PARTS,
            at: now,
        }
    }

    /// Lets flow in what has come since the last time.
    pub(super) fn fill(&mut self, flow: Flow, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_micros();
        let passed = i128::try_from(passed).unwrap_or(i128::MAX);
        let inflow = i128::from(flow.per_minute).saturating_mul(passed);
        let most = i128::from(flow.burst) * PARTS;
        self.parts = self.parts.saturating_add(inflow).min(most);
        // A part of a microsecond that has not counted yet must not be lost.
        self.at += Duration::from_micros(u64::try_from(passed).unwrap_or(u64::MAX));
    }

    /// Returns how long it takes until the bucket holds `amount`; zero if it
    /// does.
    pub(super) fn wait(&self, amount: u64, flow: Flow) -> Duration {
        let lacking = i128::from(amount) * PARTS - self.parts;
        if lacking <= 0 {
            return Duration::ZERO;
        }
        let rate = i128::from(flow.per_minute.max(1));
        let micros = (lacking + rate - 1) / rate;
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Takes out, below zero if need be.
    pub(super) fn take(&mut self, amount: u64) {
        self.parts -= i128::from(amount) * PARTS;
    }

    /// Puts back; what does not fit is gone at the next filling.
    pub(super) fn give(&mut self, amount: u64) {
        self.parts += i128::from(amount) * PARTS;
    }

    /// Returns the whole tokens that it holds.
    pub(super) fn left(&self) -> u64 {
        u64::try_from(self.parts.max(0) / PARTS).unwrap_or(u64::MAX)
    }

    /// Tells whether a new bucket would hold as much.
    pub(super) fn is_full(&self, flow: Flow) -> bool {
        self.parts >= i128::from(flow.burst) * PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOW: Flow = Flow {
        per_minute: 600,
        burst: 5,
    };

    #[tokio::test(start_paused = true)]
    async fn a_bucket_holds_its_burst_and_fills_at_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::full(FLOW, start);

        bucket.take(5);
        assert_eq!(bucket.wait(1, FLOW), Duration::from_millis(100));
        bucket.fill(FLOW, start + Duration::from_millis(99));
        assert_eq!(bucket.wait(1, FLOW), Duration::from_millis(1));
        bucket.fill(FLOW, start + Duration::from_millis(100));
        assert_eq!(bucket.wait(1, FLOW), Duration::ZERO);
        bucket.fill(FLOW, start + Duration::from_secs(3_600));
        assert_eq!(bucket.left(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_debt_is_paid_first() {
        let start = Instant::now();
        let mut bucket = Bucket::full(FLOW, start);

        bucket.take(8);

        assert_eq!(bucket.left(), 0);
        assert_eq!(bucket.wait(1, FLOW), Duration::from_millis(400));
        bucket.give(4);
        assert_eq!(bucket.wait(1, FLOW), Duration::ZERO);
    }

    proptest::proptest! {
        #[test]
        fn what_is_admitted_is_what_flowed_in(
            per_minute in 1_u64..100_000,
            burst in 1_u64..1_000,
            steps in proptest::collection::vec((0_u64..5_000_000, 1_u64..50), 1..200),
        ) {
            let flow = Flow { per_minute, burst };
            let start = Instant::now();
            let mut bucket = Bucket::full(flow, start);
            let (mut micros, mut admitted) = (0_u64, 0_u128);
            for (pause, amount) in steps {
                micros += pause;
                bucket.fill(flow, start + Duration::from_micros(micros));
                let wait = bucket.wait(amount, flow);
                if wait.is_zero() {
                    bucket.take(amount);
                    admitted += u128::from(amount);
                } else if amount <= burst {
                    // The promised wait is enough, and a shorter one is not.
                    let mut later = bucket;
                    let then = start + Duration::from_micros(micros) + wait;
                    later.fill(flow, then - Duration::from_micros(1));
                    proptest::prop_assert!(!later.wait(amount, flow).is_zero());
                    later.fill(flow, then);
                    proptest::prop_assert!(later.wait(amount, flow).is_zero());
                }
            }
            let inflow = u128::from(per_minute) * u128::from(micros) / 60_000_000;
            proptest::prop_assert!(admitted <= u128::from(burst) + inflow);
        }
    }
}
