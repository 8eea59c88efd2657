//! What outlives a call: vectors, the store, and what judges said.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::answer::Entry;
use super::{Cache, Check};
use crate::domain::{
    CacheKey, CacheScope, Caller, EmbedderError, EmbedderState, StoreError, StoredVector,
};

/// How much work may wait. Beyond it answers are kept in memory alone.
const QUEUE: usize = 512;
/// How often what has expired is dropped.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// How long a stored question waits for its vector.
const TRIES: u32 = 100;
pub(super) const TRY_EVERY: Duration = Duration::from_millis(50);

/// Work that no call waits for.
enum Work {
    Keep(Arc<Entry>, Option<Arc<[f32]>>),
    /// What a judge said, and whether it was yes.
    Judged(Box<Check>, bool),
    Evict(CacheScope, CacheKey),
}

/// What waits for the worker.
struct Inbox {
    work: mpsc::Receiver<Work>,
    /// Callers whose answers go. None is ever refused for want of room: there
    /// are no more than there were callers.
    left: mpsc::UnboundedReceiver<Caller>,
}

/// Takes work.
#[derive(Clone)]
pub(super) struct Sender {
    work: mpsc::Sender<Work>,
    lost: Arc<AtomicU64>,
}

/// The queue of work, and how far the store was read.
pub(super) struct Keeper {
    sender: Sender,
    inbox: Mutex<Option<Inbox>>,
    leaving: mpsc::UnboundedSender<Caller>,
    /// Who has left while the store is being read.
    left: Mutex<Vec<Caller>>,
    has_read: AtomicBool,
}

impl Default for Keeper {
    fn default() -> Self {
        let (sender, work) = mpsc::channel(QUEUE);
        let (leaving, left) = mpsc::unbounded_channel();
        Self {
            sender: Sender {
                work: sender,
                lost: Arc::default(),
            },
            inbox: Mutex::new(Some(Inbox { work, left })),
            leaving,
            left: Mutex::default(),
            has_read: AtomicBool::new(false),
        }
    }
}

impl Sender {
    /// Forgets an answer in the store.
    pub(super) fn evict(&self, scope: CacheScope, key: CacheKey) {
        self.send(Work::Evict(scope, key));
    }

    fn send(&self, work: Work) {
        if self.work.try_send(work).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Keeper {
    pub(super) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Keeps an answer in the store, with the vector of its question.
    pub(super) fn keep(&self, entry: Arc<Entry>, vector: Option<Arc<[f32]>>) {
        self.sender.send(Work::Keep(entry, vector));
    }

    pub(super) fn evict(&self, scope: CacheScope, key: CacheKey) {
        self.sender.evict(scope, key);
    }

    /// Learns what a judge said of an answer that others may have changed.
    pub(super) fn judged(&self, check: Check, fits: bool) {
        self.sender.send(Work::Judged(Box::new(check), fits));
    }

    /// Tells whether all that the store had at the start is in memory.
    pub(super) fn has_read(&self) -> bool {
        self.has_read.load(Ordering::Acquire)
    }

    /// Says that it is.
    pub(super) fn all_is_read(&self) {
        let mut left = self.left();
        self.has_read.store(true, Ordering::Release);
        left.clear();
    }

    /// Forgets a caller's answers in the store, and those that are on their
    /// way from there.
    fn evict_owner(&self, owner: &Caller) {
        {
            let mut left = self.left();
            if !self.has_read() {
                left.push(owner.clone());
            }
        }
        // It fails only if the worker is no more.
        let _ = self.leaving.send(owner.clone());
    }

    /// Tells whether a caller has left while the store was read.
    pub(super) fn has_left(&self, owner: &Caller) -> bool {
        self.left().contains(owner)
    }

    fn inbox(&self) -> MutexGuard<'_, Option<Inbox>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn left(&self) -> MutexGuard<'_, Vec<Caller>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how much work was not done because too much waited.
    pub(super) fn lost(&self) -> u64 {
        self.sender.lost.load(Ordering::Relaxed)
    }
}

impl Cache {
    /// Reads what the store has and keeps it up to date, until `stop` fires;
    /// then does what waits. Serving does not wait for it.
    pub async fn run(&self, stop: CancellationToken) {
        let Some(mut inbox) = self.keeper.inbox().take() else {
            return;
        };
        let reading = async {
            self.recall_trust().await;
            let _ = stop.run_until_cancelled(self.read_back()).await;
        };
        let keeping = async {
            let mut tidy = interval(TIDY_EVERY);
            tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break,
                    Some(owner) = inbox.left.recv() => self.evict_stored(&owner).await,
                    Some(work) = inbox.work.recv() => self.do_work(work).await,
                    _ = tidy.tick() => self.tidy().await,
                }
            }
        };
        tokio::join!(reading, keeping);
        while let Ok(owner) = inbox.left.try_recv() {
            self.evict_stored(&owner).await;
        }
        while let Ok(work) = inbox.work.try_recv() {
            self.do_work(work).await;
        }
        *self.keeper.inbox() = Some(inbox);
    }

    /// Drops what has expired, on a thread that may take its time.
    async fn tidy(&self) {
        let (answers, now) = (Arc::clone(&self.answers), self.clock.now());
        // Only the end of the runtime cancels it.
        let _ = spawn_blocking(move || answers.tidy(now)).await;
    }

    async fn do_work(&self, work: Work) {
        let done = match (work, &self.store) {
            (Work::Keep(entry, vector), _) => self.keep(&entry, vector).await,
            (Work::Judged(check, fits), _) => self.learn_stored(&check, fits).await,
            (Work::Evict(scope, key), Some(store)) => store.evict(scope, key).await,
            (Work::Evict(..), None) => Ok(()),
        };
        if let Err(fault) = done {
            tracing::debug!(%fault, "the store did not take a cached answer");
        }
    }

    async fn evict_stored(&self, owner: &Caller) {
        let Some(store) = &self.store else {
            return;
        };
        if let Err(fault) = store.evict_owner(owner).await {
            tracing::warn!(%fault, "answers of a caller who has left stay stored until they expire");
        }
    }

    /// Keeps an answer in the store, unless it has left its place.
    pub(super) async fn keep(
        &self,
        entry: &Arc<Entry>,
        vector: Option<Arc<[f32]>>,
    ) -> Result<(), StoreError> {
        let vector = match (&entry.prompt, vector) {
            (Some(_), Some(vector)) => Some(vector),
            (Some(prompt), None) => self.embed_patiently(prompt).await,
            (None, _) => None,
        };
        if !self.holds(entry) {
            return Ok(());
        }
        if let Some(vector) = &vector {
            self.place(entry, vector);
        }
        let Some(store) = &self.store else {
            return Ok(());
        };
        let vector = vector.map(|vector| StoredVector {
            space: self.space(entry.scope),
            values: vector.to_vec(),
        });
        match entry.to_stored(vector) {
            Some(stored) => store.put(&stored).await,
            None => Ok(()),
        }
    }

    /// Tells whether an entry is still the one at its place.
    fn holds(&self, entry: &Arc<Entry>) -> bool {
        let held = self.answers.peek((entry.scope, entry.key));
        held.is_some_and(|held| Arc::ptr_eq(&held, entry))
    }

    /// Waits for a vector as long as it may come.
    pub(super) async fn embed_patiently(&self, prompt: &str) -> Option<Arc<[f32]>> {
        for _ in 0..TRIES {
            match self.embedder.embed(prompt).await {
                Ok(vector) => return Some(vector),
                Err(EmbedderError::Busy) => {}
                Err(EmbedderError::NotReady)
                    if self.embedder.state() == EmbedderState::Starting => {}
                Err(_) => return None,
            }
            sleep(TRY_EVERY).await;
        }
        None
    }

    /// Forgets all answers to questions of a caller who is one no more.
    pub fn evict_owner(&self, owner: &Caller) {
        // Before memory is looked at: what is put there later is refused.
        self.keeper.evict_owner(owner);
        for entry in self.answers.list(|entry| entry.owner == *owner) {
            self.answers.forget((entry.scope, entry.key));
        }
    }

    /// Forgets the stored answers of everybody but `callers`: others may have
    /// left while no process ran.
    pub async fn keep_only(&self, callers: &[Caller]) {
        let Some(store) = &self.store else {
            return;
        };
        match store.owners().await {
            Ok(owners) => {
                let strangers = owners.iter().filter(|owner| !callers.contains(owner));
                strangers.for_each(|owner| self.evict_owner(owner));
            }
            Err(fault) => tracing::warn!(%fault, "answers of callers who have left may be stored"),
        }
    }

    /// Returns how many answers were not stored because too many waited.
    #[must_use]
    pub fn unkept(&self) -> u64 {
        self.keeper.lost()
    }
}
