//! Calls per minute of single callers within this process.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::ops::Add;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::domain::{Draw, LimitScope};

/// The most callers that are remembered; beyond them, those that have been
/// away the longest start anew.
const MAX_CALLERS: usize = 10_000;

type Limiter = RateLimiter<NotKeyed, InMemoryState, Ticker, StateInformationMiddleware>;

/// One limiter per caller.
#[derive(Debug, Default)]
pub(super) struct Requests {
    callers: Mutex<HashMap<LimitScope, Seen>>,
}

#[derive(Debug)]
struct Seen {
    quota: Quota,
    limiter: Arc<Limiter>,
    last: Instant,
}

impl Requests {
    /// Takes what `draw` says, and returns how many calls are left.
    ///
    /// # Errors
    /// How long until there are enough.
    pub(super) fn take(&self, draw: &Draw) -> Result<u64, Duration> {
        let Some(limiter) = self.limiter(draw) else {
            return Ok(u64::MAX);
        };
        let amount = u32::try_from(draw.amount).unwrap_or(u32::MAX);
        let Some(amount) = NonZeroU32::new(amount) else {
            return Ok(u64::MAX);
        };
        match limiter.check_n(amount) {
            Ok(Ok(state)) => Ok(u64::from(state.remaining_burst_capacity())),
            Ok(Err(early)) => Err(early.wait_time_from(limiter.clock().now())),
            // More than there can ever be; the policy asks for one at a time.
            Err(_) => Err(Duration::MAX),
        }
    }

    fn limiter(&self, draw: &Draw) -> Option<Arc<Limiter>> {
        let quota = quota(draw)?;
        let now = Instant::now();
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() >= MAX_CALLERS && !callers.contains_key(&draw.scope) {
            let mut times: Vec<Instant> = callers.values().map(|seen| seen.last).collect();
            times.sort_unstable();
            let middle = times.get(times.len() / 2).copied();
            callers.retain(|_, seen| middle.is_none_or(|middle| seen.last > middle));
        }
        let fresh = || Seen {
            quota,
            limiter: Arc::new(
                RateLimiter::direct_with_clock(quota, Ticker { start: now }).with_middleware(),
            ),
            last: now,
        };
        let seen = callers.entry(draw.scope.clone()).or_insert_with(fresh);
        if seen.quota != quota {
            *seen = fresh();
        }
        seen.last = now;
        Some(Arc::clone(&seen.limiter))
    }
}

fn quota(draw: &Draw) -> Option<Quota> {
    let clamp = |count: u64| NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX));
    Some(Quota::per_minute(clamp(draw.per_minute)?).allow_burst(clamp(draw.burst)?))
}

/// tokio's clock, which tests can hold still.
#[derive(Clone, Copy, Debug)]
struct Ticker {
    start: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tick(u64);

impl Clock for Ticker {
    type Instant = Tick;

    fn now(&self) -> Tick {
        Tick(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Add<Nanos> for Tick {
    type Output = Self;

    fn add(self, span: Nanos) -> Self {
        Self(self.0.saturating_add(span.as_u64()))
    }
}

impl Reference for Tick {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, span: Nanos) -> Self {
        Self(self.0.saturating_sub(span.as_u64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Caller, Measure};

    fn draw(per_minute: u64, burst: u64) -> Draw {
        Draw {
            scope: LimitScope::Caller(Caller::new("alice")),
            measure: Measure::Requests,
            per_minute,
            burst,
            amount: 1,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_that_is_named_is_enough() {
        let requests = Requests::default();
        let draw = draw(60, 2);

        assert_eq!(requests.take(&draw), Ok(1));
        assert_eq!(requests.take(&draw), Ok(0));
        let wait = requests.take(&draw).unwrap_err();
        assert_eq!(wait, Duration::from_secs(1));
        tokio::time::advance(wait).await;
        assert_eq!(requests.take(&draw), Ok(0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_limit_holds_at_once() {
        let requests = Requests::default();

        assert_eq!(requests.take(&draw(60, 1)), Ok(0));
        assert!(requests.take(&draw(60, 1)).is_err());
        assert_eq!(requests.take(&draw(60, 5)), Ok(4));
    }
}
