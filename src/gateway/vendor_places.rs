//! How many calls a vendor answers at once, and who waits for a place.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use crate::domain::ProviderName;

/// How many may wait, per place.
const WAITING: usize = 2;
/// What a call takes before any has ended (chosen).
const USUAL: Duration = Duration::from_secs(2);
/// The least wait that a caller is told.
const LEAST_WAIT: Duration = Duration::from_millis(250);
/// How much the latest call counts in the mean.
const WEIGHT: f64 = 0.1;

/// The places of every vendor.
#[derive(Debug)]
pub(super) struct VendorPlaces {
    lanes: HashMap<ProviderName, Lane>,
    most: usize,
}

#[derive(Debug)]
struct Lane {
    places: Semaphore,
    waiting: AtomicUsize,
    /// The mean time of a call, in seconds.
    mean_s: Mutex<f64>,
}

/// A place at a vendor. Dropped, it is free.
#[derive(Debug)]
pub(super) struct Place<'a> {
    taken: Option<(&'a Lane, SemaphorePermit<'a>, Instant)>,
}

/// There is no place at a vendor.
#[derive(Clone, Debug)]
pub(super) struct Crowded {
    pub(super) provider: ProviderName,
    /// How many calls it answers at once.
    pub(super) most: usize,
    /// When there is one, probably.
    pub(super) wait: Duration,
}

impl VendorPlaces {
    /// Makes `most` places at each vendor.
    pub(super) fn new(providers: impl Iterator<Item = ProviderName>, most: usize) -> Self {
        let lane = || Lane {
            places: Semaphore::new(most),
            waiting: AtomicUsize::new(0),
            mean_s: Mutex::new(USUAL.as_secs_f64()),
        };
        Self {
            lanes: providers.map(|name| (name, lane())).collect(),
            most,
        }
    }

    /// Takes a place, if there is one at once.
    ///
    /// # Errors
    /// [`Crowded`] if there is none.
    pub(super) fn take(&self, provider: &ProviderName) -> Result<Place<'_>, Crowded> {
        let Some(lane) = self.lanes.get(provider) else {
            return Ok(Place { taken: None });
        };
        match lane.places.try_acquire() {
            Ok(permit) => Ok(lane.place(permit)),
            Err(_) => Err(self.crowded(provider, lane, 0)),
        }
    }

    /// Waits for a place in the order of arrival, but not if that will
    /// probably take longer than `most`.
    ///
    /// # Errors
    /// [`Crowded`] if too many wait, or there was no place in time.
    pub(super) async fn wait(
        &self,
        provider: &ProviderName,
        most: Duration,
    ) -> Result<Place<'_>, Crowded> {
        let Some(lane) = self.lanes.get(provider) else {
            return Ok(Place { taken: None });
        };
        let waiting = Waiting::join(&lane.waiting);
        let refused = self.crowded(provider, lane, waiting.ahead);
        if waiting.ahead >= self.most.saturating_mul(WAITING) || refused.wait > most {
            return Err(refused);
        }
        match timeout(most, lane.places.acquire()).await {
            Ok(Ok(permit)) => Ok(lane.place(permit)),
            Ok(Err(_)) | Err(_) => Err(refused),
        }
    }

    /// Returns which share of a vendor's places is taken, 0 to 1.
    pub(super) fn taken_share(&self, provider: &ProviderName) -> f64 {
        let free = self.lanes.get(provider);
        let free = free.map_or(self.most, |lane| lane.places.available_permits());
        self.most.saturating_sub(free) as f64 / self.most.max(1) as f64
    }

    fn crowded(&self, provider: &ProviderName, lane: &Lane, ahead: usize) -> Crowded {
        let mean = *lane.mean_s.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = mean * (ahead as f64 + 1.0) / self.most as f64;
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(USUAL);
        Crowded {
            provider: provider.clone(),
            most: self.most,
            wait: wait.max(LEAST_WAIT),
        }
    }
}

impl Lane {
    fn place<'a>(&'a self, permit: SemaphorePermit<'a>) -> Place<'a> {
        Place {
            taken: Some((self, permit, Instant::now())),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some((lane, _permit, since)) = self.taken.take() {
            let mut mean = lane.mean_s.lock().unwrap_or_else(PoisonError::into_inner);
            *mean += WEIGHT * (since.elapsed().as_secs_f64() - *mean);
        }
    }
}

/// Somebody in the queue, as long as it lives.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> Waiting<'a> {
    fn join(count: &'a AtomicUsize) -> Self {
        let ahead = count.fetch_add(1, Ordering::Relaxed);
        Self { count, ahead }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn vendor() -> ProviderName {
        ProviderName::new("openai")
    }

    fn places(most: usize) -> VendorPlaces {
        VendorPlaces::new([vendor()].into_iter(), most)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn who_came_first_has_the_next_place() {
        let places = places(1);
        let held = places.take(&vendor()).unwrap();
        let name = vendor();
        let mut first = Box::pin(places.wait(&name, LONG));
        let mut second = Box::pin(places.wait(&name, LONG));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());

        drop(held);

        assert!((&mut second).now_or_never().is_none());
        assert!((&mut first).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_joins_a_queue_that_takes_too_long() {
        let places = places(2);
        let _held = [places.take(&vendor()), places.take(&vendor())];
        let name = vendor();
        let mut queue: Vec<_> = (0..4).map(|_| Box::pin(places.wait(&name, LONG))).collect();
        for waiting in &mut queue {
            assert!(waiting.now_or_never().is_none());
        }

        let full = places.wait(&name, LONG).now_or_never().unwrap();
        queue.pop();
        let slow = places.wait(&name, USUAL).now_or_never().unwrap();

        assert_eq!(full.unwrap_err().wait, USUAL * 5 / 2);
        assert_eq!(slow.unwrap_err().wait, USUAL * 4 / 2);
        queue.clear();
        assert!(
            places.wait(&name, LONG).now_or_never().is_none(),
            "all have left"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends() {
        let places = places(1);
        let _held = places.take(&vendor()).unwrap();

        let refused = places.wait(&vendor(), Duration::from_secs(2)).await;

        assert_eq!(refused.unwrap_err().most, 1);
    }
}
