//! The keys of one token issuer, fetched when a token needs them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use jsonwebtoken::Algorithm;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;

use super::key_document::{IssuerKey, IssuerKeys, discovery_url, keys, keys_url};
use crate::domain::KeySource;

/// How far two fetches are apart at least, so that tokens of made-up keys
/// cannot make us ask an issuer again and again (the contract's number).
const BETWEEN_FETCHES: Duration = Duration::from_secs(30);
/// After how long keys in use are looked up again, in the background, so that
/// one which the issuer withdrew ends to count. Chosen: issuers let theirs be
/// cached for hours.
const FRESH: Duration = Duration::from_secs(3_600);
/// How long a request waits for a fetch, which has bounds of its own.
const PATIENCE: Duration = Duration::from_secs(12);
/// The most requests that wait for a fetch; further ones are refused.
const SEATS: usize = 256;

/// Where an issuer's keys are.
#[derive(Clone, Debug)]
pub(super) enum KeyPlace {
    /// As the discovery document of this issuer says.
    Issuer(String),
    /// At this address.
    Url(String),
}

/// A cache of keys. It refuses unknown names without asking while the last
/// fetch is younger than 30 s; a failed fetch keeps what was known.
#[derive(Clone)]
pub(super) struct KeySet(Arc<Parts>);

struct Parts {
    source: Arc<dyn KeySource>,
    place: KeyPlace,
    algorithms: &'static [Algorithm],
    known: ArcSwap<Known>,
    fetching: Mutex<Fetching>,
    /// Changes when a fetch ends, either way.
    ended: watch::Sender<()>,
    seats: Semaphore,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Known {
    keys: IssuerKeys,
    since: Option<Instant>,
}

#[derive(Default)]
struct Fetching {
    began: Option<Instant>,
    is_running: bool,
}

impl KeySet {
    /// Makes an empty cache; the first token fills it. `algorithms` are those
    /// that keys may be for, `tasks` waits for fetches.
    pub(super) fn new(
        source: Arc<dyn KeySource>,
        place: KeyPlace,
        algorithms: &'static [Algorithm],
        tasks: TaskTracker,
    ) -> Self {
        Self(Arc::new(Parts {
            source,
            place,
            algorithms,
            known: ArcSwap::default(),
            fetching: Mutex::default(),
            ended: watch::Sender::new(()),
            seats: Semaphore::new(SEATS),
            tasks,
        }))
    }

    /// Returns the key of a name, asking the issuer if need be and allowed.
    pub(super) async fn find(&self, name: &str) -> Option<Arc<IssuerKey>> {
        let parts = &self.0;
        let known = parts.known.load();
        if let Some(key) = known.keys.get(name) {
            if known.since.is_none_or(|since| since.elapsed() > FRESH) {
                self.fetch_unless_recent();
            }
            return Some(Arc::clone(key));
        }
        drop(known);
        let _seat = parts.seats.try_acquire().ok()?;
        // Before the fetch begins, so that its end cannot be missed.
        let mut ended = parts.ended.subscribe();
        if self.fetch_unless_recent() {
            let _ = timeout(PATIENCE, ended.changed()).await;
        }
        parts.known.load().keys.get(name).cloned()
    }

    /// Begins a fetch if none runs and none began of late. It does not end
    /// with the request that needed it: a client that leaves would take the
    /// keys away from all others. Tells whether one runs now.
    fn fetch_unless_recent(&self) -> bool {
        let mut fetching = self.0.lock_fetching();
        let is_recent = |began: Instant| began.elapsed() < BETWEEN_FETCHES;
        if !fetching.is_running && !fetching.began.is_some_and(is_recent) {
            fetching.began = Some(Instant::now());
            fetching.is_running = true;
            let running = Running(Arc::clone(&self.0));
            self.0.tasks.spawn(async move { running.0.fetch().await });
        }
        fetching.is_running
    }
}

impl Parts {
    async fn fetch(&self) {
        match self.try_fetch().await {
            Ok(keys) => self.known.store(Arc::new(Known {
                keys,
                since: Some(Instant::now()),
            })),
            Err(reason) => {
                tracing::warn!(reason, "the keys of a token issuer cannot be had");
            }
        }
    }

    async fn try_fetch(&self) -> Result<IssuerKeys, String> {
        let fetch = async |url: &str| {
            let document = self.source.fetch(url).await;
            document.map_err(|error| error.to_string())
        };
        let url = match &self.place {
            KeyPlace::Url(url) => url.clone(),
            KeyPlace::Issuer(issuer) => keys_url(&fetch(&discovery_url(issuer)).await?, issuer)?,
        };
        keys(&fetch(&url).await?, self.algorithms)
    }

    fn lock_fetching(&self) -> std::sync::MutexGuard<'_, Fetching> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch under way; when it is gone, those who wait go on.
struct Running(Arc<Parts>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock_fetching().is_running = false;
        self.0.ended.send_replace(());
    }
}
