//! The vendors' state: what they shall do wrong, and what they have seen.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use http::Method;

use crate::bill::{Bill, Stats};
use crate::clock::{Timestamp, VendorClock};
use crate::dice::Dice;
use crate::fault::Fault;
use crate::log::{ReceivedRequest, RequestLog};
use crate::profile::Profile;
use crate::router;
use crate::vendor::Vendor;

/// All vendors in one place. A clone is the same simulator.
///
/// For each request, the first of these that applies decides: the vendor's
/// script, its standing fault, its random profile.
#[derive(Clone)]
pub struct Simulator(Arc<Inner>);

struct Inner {
    seed: u64,
    clock: VendorClock,
    groq_tokens_per_minute: AtomicU64,
    vendors: Mutex<BTreeMap<Vendor, VendorState>>,
    token_lifetime_s: AtomicU64,
}

/// Tokens a minute of Groq's paid plan. Chosen: no ordinary test meets it.
const TOKENS_PER_MINUTE: u64 = 250_000;

#[derive(Default)]
struct VendorState {
    script: VecDeque<Fault>,
    standing: Option<Fault>,
    profile: Profile,
    stats: Stats,
    log: RequestLog,
}

/// What the real metadata server gives a fresh token.
const TOKEN_LIFETIME_S: u64 = 3_599;

/// What was decided for a request when it arrived.
pub(crate) struct Fate {
    pub(crate) number: u64,
    pub(crate) fault: Fault,
    /// How long the answer takes, the fault's own delay not counted.
    pub(crate) latency: Duration,
}

impl Simulator {
    /// Creates healthy vendors whose answers depend on `seed` and nothing
    /// else; their clocks start at a fixed date.
    pub fn new(seed: u64) -> Self {
        Self::with_clock(seed, VendorClock::new(None))
    }

    /// Creates healthy vendors whose clocks start at `unix_seconds`.
    pub fn starting_at(seed: u64, unix_seconds: u64) -> Self {
        Self::with_clock(seed, VendorClock::new(Some(unix_seconds)))
    }

    fn with_clock(seed: u64, clock: VendorClock) -> Self {
        Self(Arc::new(Inner {
            seed,
            clock,
            groq_tokens_per_minute: AtomicU64::new(TOKENS_PER_MINUTE),
            vendors: Mutex::default(),
            token_lifetime_s: AtomicU64::new(TOKEN_LIFETIME_S),
        }))
    }

    /// Returns the vendors as a service, without a socket.
    ///
    /// It waits in tokio's time only. A response may carry a
    /// [`ConnectionFault`](crate::ConnectionFault) in its extensions, and its
    /// body may end with an `std::io::Error`, somewhere among the error's
    /// sources.
    pub fn router(&self) -> Router {
        router::router(self.clone())
    }

    /// Adds a fault for the next request that the script does not cover yet.
    pub fn push(&self, vendor: Vendor, fault: Fault) {
        self.push_many(vendor, [fault]);
    }

    /// Adds faults, one for each of the next requests.
    pub fn push_many(&self, vendor: Vendor, faults: impl IntoIterator<Item = Fault>) {
        let faults: Vec<_> = faults.into_iter().collect();
        self.with(vendor, |state| state.script.extend(faults));
    }

    /// Returns how many requests the script still covers.
    pub fn script_len(&self, vendor: Vendor) -> usize {
        self.with(vendor, |state| state.script.len())
    }

    /// Sets the fault of every request from now on, or ends it.
    pub fn set_standing(&self, vendor: Vendor, fault: Option<Fault>) {
        self.with(vendor, |state| state.standing = fault);
    }

    /// Sets the random behaviour.
    pub fn set_profile(&self, vendor: Vendor, profile: Profile) {
        self.with(vendor, |state| state.profile = profile);
    }

    /// Ends every fault and the latency; keeps counts and requests.
    pub fn heal(&self, vendor: Vendor) {
        self.with(vendor, |state| {
            state.script.clear();
            state.standing = None;
            state.profile = Profile::default();
        });
    }

    /// Returns the last requests, oldest first: about a thousand.
    pub fn requests(&self, vendor: Vendor) -> Vec<ReceivedRequest> {
        self.with(vendor, |state| state.log.to_vec())
    }

    /// Forgets the requests; counts stay.
    pub fn clear_requests(&self, vendor: Vendor) {
        self.with(vendor, |state| state.log.clear());
    }

    /// Returns the counts since the start.
    pub fn stats(&self, vendor: Vendor) -> Stats {
        self.with(vendor, |state| state.stats.clone())
    }

    /// Sets the tokens a minute of the plan at Groq, 250,000 at first. A
    /// request that asks for more, prompt and output limit together, is
    /// refused before it runs.
    pub fn set_groq_tokens_per_minute(&self, tokens: u64) {
        self.0
            .groq_tokens_per_minute
            .store(tokens, Ordering::Relaxed);
    }

    pub(crate) fn groq_tokens_per_minute(&self) -> u64 {
        self.0.groq_tokens_per_minute.load(Ordering::Relaxed)
    }

    /// Sets how long the access tokens issued from now on are taken, in whole
    /// seconds; an hour less one second by default.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        let lifetime_s = &self.0.token_lifetime_s;
        lifetime_s.store(lifetime.as_secs(), Ordering::Relaxed);
    }

    pub(crate) fn token_lifetime_s(&self) -> u64 {
        self.0.token_lifetime_s.load(Ordering::Relaxed)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.0.seed
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Numbers a request, decides what happens to it and keeps it.
    pub(crate) fn receive(&self, vendor: Vendor, mut request: ReceivedRequest) -> Fate {
        let seed = self.0.seed;
        self.with(vendor, |state| {
            state.stats.received += 1;
            state.stats.asked += u64::from(request.method == Method::POST);
            let number = state.stats.received;
            let scripted = state.script.pop_front().or_else(|| state.standing.clone());
            let fault = scripted.or_else(|| {
                state
                    .profile
                    .fault(&mut Dice::new(seed, number, vendor.name()))
            });
            if let Some(fault) = fault.as_ref().filter(|fault| **fault != Fault::Healthy) {
                state.stats.faulted += 1;
                *state
                    .stats
                    .faults
                    .entry(fault.name().to_owned())
                    .or_default() += 1;
                request.fault = Some(fault.name());
            }
            request.number = number;
            state.log.push(request);
            let latency = state
                .profile
                .latency
                .draw(&mut Dice::new(seed, number, "latency"));
            Fate {
                number,
                fault: fault.unwrap_or(Fault::Healthy),
                latency,
            }
        })
    }

    pub(crate) fn count_refusal(&self, vendor: Vendor) {
        self.with(vendor, |state| state.stats.refused += 1);
    }

    pub(crate) fn charge(&self, vendor: Vendor, bill: Bill) {
        self.with(vendor, |state| state.stats.charge(bill));
    }

    fn with<T>(&self, vendor: Vendor, act: impl FnOnce(&mut VendorState) -> T) -> T {
        act(self.lock().entry(vendor).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Vendor, VendorState>> {
        self.0
            .vendors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("seed", &self.0.seed)
            .finish_non_exhaustive()
    }
}
