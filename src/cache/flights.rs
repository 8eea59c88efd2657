//! Equal questions at the same time: one asks, the others wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Hit;
use crate::domain::{CacheKey, CacheScope, Completion};

type Place = (CacheScope, CacheKey);
type Outcomes = HashMap<Place, watch::Receiver<Option<Shared>>>;

/// What one question came to, for all that wait.
#[derive(Clone, Debug)]
pub enum Shared {
    /// A model answered it.
    Made(Arc<Completion>),
    /// Another's answer fits.
    Found(Hit),
}

/// Who is asking what just now. Never more than there are calls in flight.
#[derive(Debug, Default)]
pub(super) struct Flights(Arc<Mutex<Outcomes>>);

/// What a question meets.
#[derive(Debug)]
pub enum Joined {
    /// Nobody asks it: this one does, for all that come until it has ended.
    First(Lead),
    /// Somebody does.
    Later(Follow),
}

/// The duty to ask for all. Dropped, the next one leads.
#[derive(Debug)]
pub struct Lead {
    place: Place,
    outcome: watch::Sender<Option<Shared>>,
    flights: Arc<Mutex<Outcomes>>,
}

/// Waits for who asks.
#[derive(Debug)]
pub struct Follow(watch::Receiver<Option<Shared>>);

impl Flights {
    /// Joins whoever asks the question at `place`, or begins.
    pub(super) fn join(&self, place: Place) -> Joined {
        let mut flights = lock(&self.0);
        if let Some(outcome) = flights.get(&place) {
            return Joined::Later(Follow(outcome.clone()));
        }
        let (sender, outcome) = watch::channel(None);
        flights.insert(place, outcome);
        Joined::First(Lead {
            place,
            outcome: sender,
            flights: Arc::clone(&self.0),
        })
    }
}

impl Lead {
    /// Gives what the question came to to all that wait. Whoever comes later
    /// finds it stored, or leads.
    pub fn end(self, shared: impl FnOnce() -> Shared) {
        lock(&self.flights).remove(&self.place);
        if self.outcome.receiver_count() > 0 {
            self.outcome.send_replace(Some(shared()));
        }
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let mut flights = lock(&self.flights);
        let outcome = flights.get(&self.place);
        if outcome.is_some_and(|outcome| outcome.same_channel(&self.outcome.subscribe())) {
            flights.remove(&self.place);
        }
    }
}

impl Follow {
    /// Waits for the end; `None` if who asked failed or left.
    pub async fn wait(mut self) -> Option<Shared> {
        let ended = self.0.wait_for(Option::is_some).await.ok()?;
        ended.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(n: u8) -> Place {
        (CacheScope([0; 32]), CacheKey([n; 32]))
    }

    #[tokio::test]
    async fn who_waits_for_a_leader_that_leaves_is_told() {
        let flights = Flights::default();
        let Joined::First(lead) = flights.join(place(1)) else {
            panic!("nobody was there");
        };
        let Joined::Later(follow) = flights.join(place(1)) else {
            panic!("somebody is");
        };

        drop(lead);

        assert!(follow.wait().await.is_none());
        assert!(matches!(flights.join(place(1)), Joined::First(_)));
    }

    proptest! {
        /// Whatever comes and goes in whatever order: one leads at a time, and
        /// nothing is left when all have ended.
        #[test]
        fn nothing_leaks(steps in proptest::collection::vec((0_u8..4, any::<bool>()), 0..200)) {
            let flights = Flights::default();
            let mut leads: HashMap<u8, Lead> = HashMap::new();
            let mut follows = Vec::new();
            for (n, joins) in steps {
                if joins {
                    match flights.join(place(n)) {
                        Joined::First(lead) => {
                            prop_assert!(leads.insert(n, lead).is_none());
                        }
                        Joined::Later(follow) => {
                            prop_assert!(leads.contains_key(&n));
                            follows.push(follow);
                        }
                    }
                } else {
                    leads.remove(&n);
                }
            }
            drop(leads);
            prop_assert_eq!(lock(&flights.0).len(), 0);
            for follow in follows {
                prop_assert!(follow.0.has_changed().is_err());
            }
        }
    }
}
