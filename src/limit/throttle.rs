//! Shares of limits towards vendors that throttle.
//!
//! Additive increase, multiplicative decrease: the share of everybody's limit
//! that may go to a vendor falls by a factor when the vendor throttles and
//! rises steadily while it does not. It is the same for all callers, so each
//! keeps its part of what is left.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::{Bucket, Flow};
use crate::domain::{Caller, ProviderName};

/// By what a share falls at once, and how often it may (chosen: as TCP does,
/// a little gentler).
const DECREASE: f64 = 0.7;
const DECREASE_EVERY: Duration = Duration::from_secs(1);
/// How fast it rises: from the least to all of it in three minutes (chosen).
const INCREASE_PER_SECOND: f64 = 0.005;
const LEAST: f64 = 0.1;
/// The most buckets that are kept; they last as long as the throttling.
const MAX_BUCKETS: usize = 20_000;

/// How much of the limits each vendor takes.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    shares: HashMap<ProviderName, Share>,
    buckets: HashMap<(Caller, ProviderName), Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Share {
    value: f64,
    at: Instant,
    fell_at: Instant,
}

impl Share {
    fn now(self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        INCREASE_PER_SECOND.mul_add(passed, self.value).min(1.0)
    }
}

impl Throttle {
    /// Takes note that a vendor throttled.
    pub(super) fn throttled(&self, provider: &ProviderName) {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = state.shares.get(provider).copied();
        if known.is_some_and(|share| now < share.fell_at + DECREASE_EVERY) {
            return;
        }
        let value = known.map_or(1.0, |share| share.now(now));
        let share = Share {
            value: (value * DECREASE).max(LEAST),
            at: now,
            fell_at: now,
        };
        state.shares.insert(provider.clone(), share);
    }

    /// Returns the share of limits that may go to a vendor now, 0.1 to 1.
    #[cfg(test)]
    fn share(&self, provider: &ProviderName) -> f64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let share = state.shares.get(provider);
        share.map_or(1.0, |share| share.now(Instant::now()))
    }

    /// Takes one call out of the caller's share of `per_minute` to a vendor.
    ///
    /// # Errors
    /// How long until the share has one.
    pub(super) fn take(
        &self,
        caller: &Caller,
        provider: &ProviderName,
        per_minute: u64,
    ) -> Result<(), Duration> {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let share = match state.shares.get(provider) {
            None => return Ok(()),
            Some(share) => share.now(now),
        };
        if share >= 1.0 {
            state.shares.remove(provider);
            state.buckets.retain(|(_, of), _| of != provider);
            return Ok(());
        }
        let reduced = (per_minute as f64 * share).floor().max(1.0) as u64;
        let flow = Flow {
            per_minute: reduced,
            // A tenth of a minute at once, so that a burst does not undo it.
            burst: (reduced / 10).max(1),
        };
        let key = (caller.clone(), provider.clone());
        if state.buckets.len() >= MAX_BUCKETS && !state.buckets.contains_key(&key) {
            state.buckets.clear();
        }
        let bucket = state.buckets.entry(key);
        let bucket = bucket.or_insert_with(|| Bucket::full(flow, now));
        bucket.fill(flow, now);
        let wait = bucket.wait(1, flow);
        if wait.is_zero() {
            bucket.take(1);
            return Ok(());
        }
        Err(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_share_falls_fast_and_rises_slowly() {
        let throttle = Throttle::default();
        let openai = ProviderName::new("openai");

        throttle.throttled(&openai);
        throttle.throttled(&openai);
        assert!((throttle.share(&openai) - 0.7).abs() < 1e-9);
        tokio::time::advance(Duration::from_secs(1)).await;
        throttle.throttled(&openai);
        assert!((throttle.share(&openai) - 0.705 * 0.7).abs() < 1e-9);
        for _ in 0..50 {
            tokio::time::advance(Duration::from_secs(1)).await;
            throttle.throttled(&openai);
        }
        assert!((throttle.share(&openai) - LEAST).abs() < 1e-9);
        tokio::time::advance(Duration::from_secs(180)).await;
        assert_eq!(throttle.share(&openai), 1.0);
        assert_eq!(throttle.share(&ProviderName::new("google")), 1.0);
    }

    #[tokio::test(start_paused = true)]
    async fn every_caller_keeps_its_part() {
        let throttle = Throttle::default();
        let openai = ProviderName::new("openai");
        throttle.throttled(&openai);
        let mut admitted = [0, 0];

        for _ in 0..600 {
            // The first asks ten times as often.
            for (place, (name, asks)) in [("busy", 10), ("calm", 1)].into_iter().enumerate() {
                for _ in 0..asks {
                    let caller = Caller::new(name);
                    admitted[place] += i32::from(throttle.take(&caller, &openai, 60).is_ok());
                }
            }
            tokio::time::advance(Duration::from_millis(100)).await;
        }

        // A minute at 0.7 and rising: some 45 of 60 each.
        assert!((42..=60).contains(&admitted[0]), "{admitted:?}");
        assert!((admitted[0] - admitted[1]).abs() <= 1, "{admitted:?}");
    }
}
