//! What waits to be stored, and in which order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, oneshot};

use crate::cache::Check;
use crate::domain::{CacheKey, CacheScope, Caller};

/// How many answers may wait, with their vectors up to 14 MB. Beyond it they
/// are kept in memory alone.
const MOST_ROWS: usize = 8_192;
/// How many questions may wait for a vector.
const MOST_BARE: usize = 16_384;
/// How many answers that had to make room may wait to be removed. Beyond it
/// they stay stored until they expire.
const MOST_EVICTED: usize = 65_536;
/// How much the store may owe that it did not take.
const MOST_OWED: usize = 1_024;

pub(super) type Place = (CacheScope, CacheKey);

/// What no row may pass: an answer that a judge refuted is served again if
/// this is lost.
pub(super) enum Urgent {
    /// What was learnt of an answer, as memory has it.
    Learned(Place),
    /// What a judge said of an answer that others may have changed, and
    /// whether it was yes.
    Judged(Box<Check>, bool),
    /// An answer is forgotten.
    Evict(Place),
    /// An answer had to make room in memory.
    MakeRoom(Place),
    /// A caller has left.
    Left(Caller),
}

/// An answer that is to be stored as memory has it.
#[derive(Default)]
pub(super) struct Row {
    /// The vector of its question, and when the answer was stored to whose
    /// question it belongs.
    pub(super) vector: Option<(Timestamp, Arc<[f32]>)>,
    /// Dropped when it is stored, or will not be.
    waiters: Vec<oneshot::Sender<()>>,
}

/// The next piece of work.
pub(super) enum Work {
    Urgent(Urgent),
    Row(Place, Row),
}

/// Work in the order of its importance: what judges said and what is
/// forgotten, which is never refused, then answers, then vectors. An answer
/// waits once, however often it changes.
#[derive(Clone, Default)]
pub(super) struct Lanes(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    has_work: Notify,
    has_bare: Notify,
    lost: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    urgent: VecDeque<Urgent>,
    owed: Vec<Urgent>,
    order: VecDeque<Place>,
    rows: HashMap<Place, Row>,
    /// What is being written.
    writing: Option<Place>,
    bare: VecDeque<Place>,
    bare_places: HashSet<Place>,
}

impl Lanes {
    pub(super) fn push_urgent(&self, work: Urgent) {
        let mut waiting = self.lock();
        let is_spare = matches!(work, Urgent::MakeRoom(_));
        if is_spare && waiting.urgent.len() >= MOST_EVICTED {
            drop(waiting);
            return self.count_lost();
        }
        waiting.urgent.push_back(work);
        drop(waiting);
        self.0.has_work.notify_one();
    }

    /// Has an answer stored. What is returned ends when that is done, or will
    /// not be.
    pub(super) fn push_row(
        &self,
        place: Place,
        vector: Option<(Timestamp, Arc<[f32]>)>,
    ) -> oneshot::Receiver<()> {
        let (done, is_done) = oneshot::channel();
        let mut waiting = self.lock();
        let is_new = !waiting.rows.contains_key(&place);
        if is_new && waiting.rows.len() >= MOST_ROWS {
            drop(waiting);
            self.count_lost();
            return is_done;
        }
        if is_new {
            waiting.order.push_back(place);
        }
        let row = waiting.rows.entry(place).or_default();
        row.vector = vector.or(row.vector.take());
        row.waiters.retain(|waiter| !waiter.is_closed());
        row.waiters.push(done);
        drop(waiting);
        self.0.has_work.notify_one();
        is_done
    }

    /// Has a vector made for a question. Without room for it, it is compared
    /// with none until a later start.
    pub(super) fn push_bare(&self, place: Place) {
        let mut waiting = self.lock();
        if waiting.bare.len() >= MOST_BARE {
            drop(waiting);
            return self.count_lost();
        }
        if waiting.bare_places.insert(place) {
            waiting.bare.push_back(place);
        }
        drop(waiting);
        self.0.has_bare.notify_one();
    }

    /// Waits for work.
    pub(super) async fn next(&self) -> Work {
        loop {
            if let Some(work) = self.pop() {
                return work;
            }
            self.0.has_work.notified().await;
        }
    }

    pub(super) fn pop(&self) -> Option<Work> {
        let mut waiting = self.lock();
        if let Some(urgent) = waiting.urgent.pop_front() {
            return Some(Work::Urgent(urgent));
        }
        while let Some(place) = waiting.order.pop_front() {
            // One that an urgent word took along is there no more.
            if let Some(row) = waiting.rows.remove(&place) {
                waiting.writing = Some(place);
                return Some(Work::Row(place, row));
            }
        }
        None
    }

    /// Takes the answer of a place out of its turn.
    pub(super) fn take_row(&self, place: Place) -> Option<Row> {
        self.lock().rows.remove(&place)
    }

    /// Says that what [`Lanes::pop`] returned is done.
    pub(super) fn done(&self) {
        self.lock().writing = None;
    }

    /// Tells whether the store may not have the answer of a place yet.
    pub(super) fn has_row(&self, place: Place) -> bool {
        let waiting = self.lock();
        waiting.writing == Some(place) || waiting.rows.contains_key(&place)
    }

    /// Waits for a question without a vector, which it leaves in its place:
    /// whoever makes it may be stopped.
    pub(super) async fn next_bare(&self) -> Place {
        loop {
            if let Some(place) = self.first_bare() {
                return place;
            }
            self.0.has_bare.notified().await;
        }
    }

    pub(super) fn first_bare(&self) -> Option<Place> {
        self.lock().bare.front().copied()
    }

    /// Says that the first question has a vector, or gets none.
    pub(super) fn end_bare(&self) {
        let mut waiting = self.lock();
        if let Some(place) = waiting.bare.pop_front() {
            waiting.bare_places.remove(&place);
        }
    }

    /// Puts aside what the store did not take, until [`Lanes::ask_again`].
    pub(super) fn owe(&self, work: Urgent) {
        let mut waiting = self.lock();
        if waiting.owed.len() < MOST_OWED {
            waiting.owed.push(work);
        } else {
            drop(waiting);
            self.count_lost();
        }
    }

    /// Has the store asked again for what it did not take.
    pub(super) fn ask_again(&self) {
        let mut waiting = self.lock();
        let owed = std::mem::take(&mut waiting.owed);
        waiting.urgent.extend(owed);
        drop(waiting);
        self.0.has_work.notify_one();
    }

    /// Returns how much the store does not have that it should.
    pub(super) fn owed(&self) -> usize {
        let waiting = self.lock();
        waiting.owed.len() + waiting.urgent.len() + waiting.rows.len()
    }

    pub(super) fn count_lost(&self) {
        self.0.lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: usize) -> Place {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        (CacheScope([1; 32]), CacheKey(key))
    }

    #[test]
    fn what_is_learnt_or_forgotten_is_never_refused_and_comes_first() {
        let lanes = Lanes::default();
        for number in 0..MOST_ROWS + 3 {
            drop(lanes.push_row(place(number), None));
        }
        drop(lanes.push_row(place(0), None));
        assert_eq!(lanes.lost(), 3);
        for number in 0..MOST_ROWS {
            lanes.push_urgent(Urgent::Learned(place(number)));
            lanes.push_urgent(Urgent::Evict(place(number)));
        }
        assert_eq!(lanes.lost(), 3);

        let urgent = std::iter::from_fn(|| lanes.pop())
            .take_while(|work| matches!(work, Work::Urgent(_)))
            .count();

        assert_eq!(urgent, 2 * MOST_ROWS);
        // One was taken to see that it is none.
        assert_eq!(lanes.owed(), MOST_ROWS - 1);
    }

    #[test]
    fn a_place_waits_once_and_keeps_its_vector() {
        let lanes = Lanes::default();
        let now = Timestamp::UNIX_EPOCH;
        drop(lanes.push_row(place(1), Some((now, vec![1.0].into()))));
        let mut done = lanes.push_row(place(1), None);

        let Some(Work::Row(_, row)) = lanes.pop() else {
            panic!("an answer waits");
        };

        assert!(row.vector.is_some() && lanes.has_row(place(1)));
        assert!(lanes.pop().is_none() && done.try_recv().is_err());
        drop(row);
        lanes.done();
        assert!(!lanes.has_row(place(1)));
    }

    #[test]
    fn answers_without_room_wait_within_bounds() {
        let lanes = Lanes::default();
        for number in 0..=MOST_EVICTED {
            lanes.push_urgent(Urgent::MakeRoom(place(number)));
        }

        assert_eq!(lanes.lost(), 1);
    }
}
