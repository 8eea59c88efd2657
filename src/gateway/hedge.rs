//! A second attempt beside a first that takes longer than usual: who shows
//! something first answers, the other is left alone.

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::Gateway;
use super::attempt::{Ask, Ended};
use super::call::CallContext;
use super::circuits::Entry;
use super::jitter::jitter;
use super::relay::Relay;
use super::route::Route;
use super::tally::{Tally, UnderWay};
use super::usual_waits::Waiting;
use crate::domain::{CacheStatus, Candidate, Chunk, ChunkSink, Target};
use crate::limit::Denied;

/// The shortest wait before a second attempt.
const SHORTEST: Duration = Duration::from_millis(500);

/// How an attempt ended that another may have run beside.
pub(super) struct Raced {
    pub(super) ended: Result<Ended, Denied>,
    /// Whose it is, if it is the second's.
    pub(super) by: Option<Candidate>,
    pub(super) beside: Option<Beside>,
}

/// What became of the other one.
pub(super) enum Beside {
    /// It was slower.
    Lost(UnderWay),
    /// It failed before.
    Failed(Box<Ended>),
}

impl Raced {
    const fn alone(ended: Result<Ended, Denied>) -> Self {
        Self {
            ended,
            by: None,
            beside: None,
        }
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Ended, Denied>> + Send + 'a>>;

impl Gateway {
    /// Makes an attempt, and one beside it where that is wanted,
    /// allowed and of use.
    pub(super) async fn race(
        &self,
        call: &CallContext<'_>,
        route: &mut Route,
        ask: &Ask<'_>,
        (deadline, entry): (Instant, Entry<'_>),
        tally: &mut Tally,
    ) -> Raced {
        let [first_pending, second_pending] = &mut tally.pending;
        let Some(after) = self.hedges_after(call, ask) else {
            let alone = self.attempt(call, ask, (deadline, entry), first_pending);
            return Raced::alone(alone.await);
        };
        let race = Race::default();
        let lanes = call
            .relay
            .map(|relay| [0, 1].map(|place| race.lane(place, relay)));
        let relays = lanes
            .as_ref()
            .map(|lanes| lanes.each_ref().map(|lane| Relay::new(lane)));
        let on = |place: usize| CallContext {
            relay: relays.as_ref().and_then(|relays| relays.get(place)),
            ..*call
        };
        let (first_call, second_call) = (on(0), on(1));
        let first = self.attempt(&first_call, ask, (deadline, entry), first_pending);
        let mut first: Running<'_> = Box::pin(first);
        let ended = tokio::select! {
            biased;
            ended = &mut first => Some(ended),
            () = sleep(after) => None,
        };
        if let Some(ended) = ended {
            return Raced::alone(ended);
        }
        let second = match race.winner() {
            None => self.second(route, ask.candidate),
            Some(_) => None,
        };
        let Some((place, candidate)) = second else {
            return Raced::alone(first.await);
        };
        let target = &candidate.target;
        let spec = call.known.catalogue.spec(&target.provider, &target.model);
        let vendors_place = self.places.take(&target.provider);
        let lease = deadline.saturating_duration_since(Instant::now());
        let share = jitter(call.id, u64::from(ask.index) + 1);
        let entry = self.circuits.enter(
            target,
            route.size,
            (lease, false),
            (share, self.metrics.reliability()),
        );
        let (Some(spec), Ok(_place), Ok(entry)) = (spec, vendors_place, entry) else {
            return Raced::alone(first.await);
        };
        let is_allowed = self.retries.hedge(target);
        self.metrics.reliability().asked_again("hedge", is_allowed);
        if !is_allowed {
            return Raced::alone(first.await);
        }
        route.plan.remove(place);
        let second_ask = Ask {
            index: ask.index + 1,
            candidate: &candidate,
            spec,
            ..*ask
        };
        let by = (call.last_moment(), entry);
        let second = self.attempt(&second_call, &second_ask, by, second_pending);
        let (ended, is_seconds, other) = run(&race, first, Box::pin(second)).await;
        let loser = if is_seconds {
            first_pending.take()
        } else {
            second_pending.take()
        };
        let beside = match other {
            Some(Ok(failed)) => Some(Beside::Failed(Box::new(failed))),
            // It was not made.
            Some(Err(_)) => None,
            None => loser.map(Beside::Lost),
        };
        Raced {
            ended,
            by: is_seconds.then_some(candidate),
            beside,
        }
    }

    /// Returns how long an attempt takes before another is made beside it;
    /// `None` if none is.
    fn hedges_after(&self, call: &CallContext<'_>, ask: &Ask<'_>) -> Option<Duration> {
        let is_wanted = self.settings.hedging && call.request.requirements.low_latency;
        // What may have to be mended is not raced, and nothing is twice.
        if !is_wanted || ask.index > 0 || ask.form.is_some() {
            return None;
        }
        let waiting = if call.relay.is_some() {
            Waiting::ForFirst
        } else {
            Waiting::ForWhole
        };
        let usual = self.waits.usual(&ask.candidate.target, waiting)?;
        Some(usual.max(SHORTEST))
    }

    /// Chooses who is asked beside the first: the next of another vendor that
    /// is well.
    fn second(&self, route: &Route, first: &Candidate) -> Option<(usize, Candidate)> {
        let (circuits, now) = (self.circuits.now(), Instant::now());
        let candidates = &route.report.candidates;
        let place = route.plan.find(candidates, |next| {
            let target = &next.target;
            let closure = circuits.closure(&target.provider, &target.model, route.size, now);
            closure.is_none() && target.provider != first.target.provider
        })?;
        Some((place, candidates.get(place)?.clone()))
    }
}

/// Runs two attempts until one has answered, or both have failed. Returns the
/// end that counts, whether it is the second's, and how the other one ended
/// if it did.
async fn run<'a>(
    race: &Race,
    first: Running<'a>,
    second: Running<'a>,
) -> (Result<Ended, Denied>, bool, Option<Result<Ended, Denied>>) {
    let mut running = [Some(first), Some(second)];
    let mut failed: Option<Result<Ended, Denied>> = None;
    loop {
        let [first, second] = &mut running;
        let (ended, place) = tokio::select! {
            biased;
            ended = step(first) => (ended, 0),
            ended = step(second) => (ended, 1),
            winner = race.decided() => {
                // Whoever showed something goes on alone.
                let loser = if winner == 0 { second } else { first };
                *loser = None;
                continue;
            }
        };
        let is_answered = ended.as_ref().is_ok_and(|ended| ended.result.is_ok());
        let [first, second] = &mut running;
        let (own, other) = if place == 0 {
            (first, second)
        } else {
            (second, first)
        };
        if is_answered || other.is_none() {
            return (ended, place == 1, failed);
        }
        failed = Some(ended);
        *own = None;
    }
}

/// Waits for an attempt that is still running.
async fn step(running: &mut Option<Running<'_>>) -> Result<Ended, Denied> {
    match running {
        Some(attempt) => attempt.await,
        None => std::future::pending().await,
    }
}

/// Who shows something first.
#[derive(Debug, Default)]
struct Race {
    winner: OnceLock<usize>,
    is_decided: Notify,
}

impl Race {
    const fn lane<'a>(&'a self, place: usize, relay: &'a Relay<'a>) -> Lane<'a> {
        Lane {
            race: self,
            place,
            relay,
        }
    }

    fn winner(&self) -> Option<usize> {
        self.winner.get().copied()
    }

    /// Tells whether `place` has the caller's ear, which goes to the first
    /// that asks.
    fn claim(&self, place: usize) -> bool {
        let winner = *self.winner.get_or_init(|| {
            self.is_decided.notify_one();
            place
        });
        winner == place
    }

    /// Waits until somebody has shown something; once.
    async fn decided(&self) -> usize {
        self.is_decided.notified().await;
        self.winner().unwrap_or_default()
    }
}

/// One attempt's way to the caller.
#[derive(Debug)]
struct Lane<'a> {
    race: &'a Race,
    place: usize,
    relay: &'a Relay<'a>,
}

#[async_trait]
impl ChunkSink for Lane<'_> {
    async fn push(&self, target: &Target, chunk: Chunk) {
        if !self.race.claim(self.place) {
            // It is about to be dropped.
            return std::future::pending().await;
        }
        self.relay.push(target, chunk).await;
    }

    fn looked_up(&self, status: CacheStatus) {
        self.relay.looked_up(status);
    }

    fn dropped(&self, parameters: &[&'static str]) {
        self.relay.dropped(parameters);
    }
}
