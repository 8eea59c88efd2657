//! What outlives a call: vectors, the store, and what judges said.

mod lanes;
mod vectors;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use self::lanes::{Lanes, Place, Row, Urgent, Work};
use super::answer::Entry;
use super::{Cache, Check};
use crate::domain::{Caller, StoreError, StoredVector};

/// How often what has expired is dropped, and a store that has failed is asked
/// again.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// How long an answer waits to be in a store that others read (chosen: some
/// ten times what a Postgres nearby takes).
const VISIBLE_WITHIN: Duration = Duration::from_millis(50);

/// An answer on its way to the store.
#[must_use]
pub struct Keeping(Option<oneshot::Receiver<()>>);

impl Keeping {
    /// Waits, for a short time, until other processes that share the store
    /// can find the answer. Where none do it returns at once.
    pub async fn visible(self) {
        if let Some(is_done) = self.0 {
            // Whatever the reason, the answer is not held up for longer.
            let _ = timeout(VISIBLE_WITHIN, is_done).await;
        }
    }
}

/// What waits to be done, and how far the store was read.
#[derive(Default)]
pub(super) struct Keeper {
    lanes: Lanes,
    is_running: tokio::sync::Mutex<()>,
    /// Who has left while the store is being read.
    left: Mutex<Vec<Caller>>,
    has_read: AtomicBool,
}

/// Is told which answers had to make room.
pub(super) struct Removals(Lanes);

impl Removals {
    pub(super) fn make_room(&self, place: Place) {
        self.0.push_urgent(Urgent::MakeRoom(place));
    }
}

impl Keeper {
    pub(super) fn removals(&self) -> Removals {
        Removals(self.lanes.clone())
    }

    /// Forgets an answer in the store.
    pub(super) fn evict(&self, place: Place) {
        self.lanes.push_urgent(Urgent::Evict(place));
    }

    /// Keeps what was learnt of an answer in the store.
    pub(super) fn learned(&self, place: Place) {
        self.lanes.push_urgent(Urgent::Learned(place));
    }

    /// Learns what a judge said of an answer that others may have changed.
    pub(super) fn judged(&self, check: Check, fits: bool) {
        self.lanes
            .push_urgent(Urgent::Judged(Box::new(check), fits));
    }

    /// Tells whether the store may not have what memory has at a place.
    pub(super) fn is_keeping(&self, place: Place) -> bool {
        self.lanes.has_row(place)
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
        self.lanes.push_urgent(Urgent::Left(owner.clone()));
    }

    /// Tells whether a caller has left while the store was read.
    pub(super) fn has_left(&self, owner: &Caller) -> bool {
        self.left().contains(owner)
    }

    fn left(&self) -> MutexGuard<'_, Vec<Caller>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    /// Reads what the store has and keeps it up to date, until `stop` fires;
    /// then does what waits. Serving does not wait for it.
    pub async fn run(&self, stop: CancellationToken) {
        let Ok(_turn) = self.keeper.is_running.try_lock() else {
            return;
        };
        let reading = async {
            self.recall_trust().await;
            let reading = async { tokio::join!(self.keep_recalling(), self.read_back()) };
            let _ = stop.run_until_cancelled(reading).await;
        };
        let embedding = stop.run_until_cancelled(self.keep_embedding());
        tokio::join!(reading, embedding, self.keep_storing(&stop));
        self.lanes().ask_again();
        self.store_all().await;
        self.remember_trust().await;
        self.embed_the_rest().await;
        self.store_all().await;
    }

    async fn keep_storing(&self, stop: &CancellationToken) {
        let mut tidy = interval(TIDY_EVERY);
        tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = tidy.tick() => {
                    self.tidy().await;
                    self.remember_trust().await;
                    self.lanes().ask_again();
                }
                work = self.lanes().next() => self.do_work(work).await,
            }
        }
    }

    async fn store_all(&self) {
        while let Some(work) = self.lanes().pop() {
            self.do_work(work).await;
        }
    }

    const fn lanes(&self) -> &Lanes {
        &self.keeper.lanes
    }

    /// Drops what has expired, on a thread that may take its time.
    async fn tidy(&self) {
        let (answers, now) = (Arc::clone(&self.answers), self.clock.now());
        // Only the end of the runtime cancels it.
        let _ = spawn_blocking(move || answers.tidy(now)).await;
    }

    async fn do_work(&self, work: Work) {
        match work {
            Work::Urgent(urgent) => {
                if let Err(fault) = self.do_urgent(&urgent).await {
                    tracing::warn!(%fault, "what judges said or was forgotten is not stored yet");
                    self.lanes().owe(urgent);
                }
            }
            Work::Row(place, row) => {
                self.write_row(place, row).await;
                self.lanes().done();
            }
        }
    }

    async fn do_urgent(&self, urgent: &Urgent) -> Result<(), StoreError> {
        match urgent {
            Urgent::Learned(place) => self.write_learned(*place).await,
            Urgent::Judged(check, fits) => {
                // Of what is not stored nothing can be learnt there.
                self.write_waiting((check.entry.scope, check.entry.key))
                    .await;
                self.learn_stored(check, *fits).await
            }
            Urgent::Evict(place) => self.evict_stored(*place).await,
            // Another may be in its place by now.
            Urgent::MakeRoom(place) if self.answers.peek(*place).is_some() => Ok(()),
            Urgent::MakeRoom(place) => {
                if let Err(fault) = self.evict_stored(*place).await {
                    tracing::debug!(%fault, "an answer without room stays stored");
                }
                Ok(())
            }
            Urgent::Left(owner) => match &self.store {
                Some(store) => store.evict_owner(owner).await,
                None => Ok(()),
            },
        }
    }

    async fn evict_stored(&self, (scope, key): Place) -> Result<(), StoreError> {
        match &self.store {
            Some(store) => store.evict(scope, key).await,
            None => Ok(()),
        }
    }

    /// Stores what was learnt of an answer.
    async fn write_learned(&self, place: Place) -> Result<(), StoreError> {
        let Some(entry) = self.answers.peek(place) else {
            return Ok(());
        };
        if let Some(repeated) = entry.alias_of {
            // A store keeps no alias of what it does not have.
            self.write_waiting((entry.scope, repeated)).await;
        }
        // The row that waits may bring a vector.
        self.write_waiting(place).await;
        self.put(&entry, None).await
    }

    /// Stores an answer before its turn, if it waits for that.
    async fn write_waiting(&self, place: Place) {
        if let Some(row) = self.lanes().take_row(place) {
            self.write_row(place, row).await;
        }
    }

    /// Stores an answer as it is now, unless it has left its place.
    async fn write_row(&self, place: Place, row: Row) {
        let Some(entry) = self.answers.peek(place) else {
            return;
        };
        let vector = row
            .vector
            .as_ref()
            .filter(|(stored_at, _)| *stored_at == entry.stored_at);
        let vector = vector.map(|(_, vector)| &**vector);
        if let Err(fault) = self.put(&entry, vector).await {
            tracing::debug!(%fault, "the store did not take a cached answer");
            self.lanes().count_lost();
        }
    }

    pub(super) async fn put(
        &self,
        entry: &Entry,
        vector: Option<&[f32]>,
    ) -> Result<(), StoreError> {
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

    /// Keeps an answer in the store: at once, whether or not its question has
    /// a vector, which follows when there is time for it.
    pub(super) fn keep(&self, entry: &Entry, vector: Option<Arc<[f32]>>) -> Keeping {
        let place = (entry.scope, entry.key);
        let is_bare = entry.prompt.is_some() && vector.is_none();
        let vector = vector.map(|vector| (entry.stored_at, vector));
        let stored = self
            .store
            .is_some()
            .then(|| self.lanes().push_row(place, vector));
        if is_bare {
            self.lanes().push_bare(place);
        }
        Keeping(stored.filter(|_| self.answers.is_shared()))
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
                let strangers = owners.iter().filter(|owner| {
                    !callers.contains(owner) && !Caller::is_reserved(owner.as_str())
                });
                strangers.for_each(|owner| self.evict_owner(owner));
            }
            Err(fault) => tracing::warn!(%fault, "answers of callers who have left may be stored"),
        }
    }

    /// Returns how many answers were not stored, because too many waited or
    /// the store did not take them.
    #[must_use]
    pub fn unkept(&self) -> u64 {
        self.lanes().lost()
    }

    /// Returns how much waits to be stored or forgotten.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lanes().owed()
    }
}
