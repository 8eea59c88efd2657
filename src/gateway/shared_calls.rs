//! Calls that several requests wait for: one makes it, the others collect
//! what it made.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::domain::{Caller, Completion, Error};

/// What is kept of all answers together, in bytes.
const MOST_BYTES: usize = 32 << 20;
/// What an answer takes beside its text, about.
const FRAME_BYTES: usize = 4 << 10;

/// One caller has one part of so many of the calls under way.
const PART_OF_ONE: usize = 8;

/// What makes two requests one call: who asks, and the name that they gave it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallKey {
    pub(super) caller: Caller,
    pub(super) key: String,
}

/// How a shared call ended.
pub(super) type Shared = Result<Arc<Kept>, Error>;

/// An answer that is kept.
#[derive(Debug)]
pub(super) struct Kept {
    completion: Completion,
    /// Somebody has had it, with what it cost.
    is_delivered: std::sync::atomic::AtomicBool,
}

impl Kept {
    /// Returns the answer, and whether this is the first time.
    pub(super) fn deliver(&self) -> (&Completion, bool) {
        let was = self
            .is_delivered
            .swap(true, std::sync::atomic::Ordering::Relaxed);
        (&self.completion, !was)
    }
}

/// Calls under way and answers that are kept, within bounds of time, number
/// and bytes.
#[derive(Debug)]
pub(super) struct SharedCalls {
    calls: Arc<Mutex<Calls>>,
    kept_for: Duration,
    most: usize,
}

#[derive(Debug, Default)]
struct Calls {
    entries: HashMap<CallKey, Entry>,
    /// How many calls of each caller are under way.
    under_way: HashMap<Caller, usize>,
    /// Ended calls, the oldest first, with the moment at which each is
    /// forgotten.
    ended: VecDeque<(CallKey, u64, Instant, usize)>,
    bytes: usize,
    serial: u64,
}

#[derive(Debug)]
struct Entry {
    serial: u64,
    /// A hash of what was asked.
    question: [u8; 32],
    result: watch::Receiver<Option<Shared>>,
}

/// What a request finds.
#[derive(Debug)]
pub(super) enum Joined {
    /// Nothing: it makes the call.
    First(Ticket, Waiter),
    /// A call that was made or is.
    Later(Waiter),
    /// The same name for another question.
    Mismatch,
    /// So many calls are under way, which is the most.
    Full(usize),
}

/// Waits for the end of a call.
#[derive(Debug)]
pub(super) struct Waiter(watch::Receiver<Option<Shared>>);

impl Waiter {
    /// Returns how it ended; `None` if it was lost.
    pub(super) async fn wait(mut self) -> Option<Shared> {
        let ended = self.0.wait_for(Option::is_some).await.ok()?;
        ended.clone()
    }
}

/// The duty to end a call. Dropped without a word, nobody waits on.
#[derive(Debug)]
pub(super) struct Ticket {
    key: CallKey,
    serial: u64,
    result: watch::Sender<Option<Shared>>,
    calls: Arc<Mutex<Calls>>,
    kept_for: Duration,
}

impl SharedCalls {
    /// Makes room for `most` calls; answers are kept for `kept_for`.
    pub(super) fn new(most: usize, kept_for: Duration) -> Self {
        Self {
            calls: Arc::default(),
            kept_for,
            most,
        }
    }

    /// Joins the call of that name, or begins it; one caller may have an
    /// eighth of the calls under way.
    pub(super) fn join(&self, key: CallKey, question: [u8; 32]) -> Joined {
        let mut calls = lock(&self.calls);
        calls.forget(Instant::now(), self.most);
        if let Some(entry) = calls.entries.get(&key) {
            return if entry.question == question {
                Joined::Later(Waiter(entry.result.clone()))
            } else {
                Joined::Mismatch
            };
        }
        if calls.entries.len() >= self.most {
            return Joined::Full(self.most);
        }
        let of_one = self.most.div_ceil(PART_OF_ONE);
        let under_way = calls.under_way.entry(key.caller.clone()).or_default();
        if *under_way >= of_one {
            return Joined::Full(of_one);
        }
        *under_way += 1;
        let (sender, result) = watch::channel(None);
        calls.serial = calls.serial.wrapping_add(1);
        let serial = calls.serial;
        let entry = Entry {
            serial,
            question,
            result: result.clone(),
        };
        calls.entries.insert(key.clone(), entry);
        let ticket = Ticket {
            key,
            serial,
            result: sender,
            calls: Arc::clone(&self.calls),
            kept_for: self.kept_for,
        };
        Joined::First(ticket, Waiter(result))
    }
}

impl Calls {
    /// Drops answers whose time is over, and the oldest while there are too
    /// many.
    fn forget(&mut self, now: Instant, most: usize) {
        while let Some((_, _, until, _)) = self.ended.front() {
            let is_full = self.entries.len() >= most || self.bytes > MOST_BYTES;
            if *until > now && !is_full {
                break;
            }
            let Some((key, serial, _, bytes)) = self.ended.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(bytes);
            self.remove(&key, serial);
        }
    }

    /// Counts a call of a caller that is over.
    fn leave(&mut self, caller: &Caller) {
        if let Some(under_way) = self.under_way.get_mut(caller) {
            *under_way = under_way.saturating_sub(1);
            if *under_way == 0 {
                self.under_way.remove(caller);
            }
        }
    }

    fn remove(&mut self, key: &CallKey, serial: u64) {
        if self
            .entries
            .get(key)
            .is_some_and(|entry| entry.serial == serial)
        {
            self.entries.remove(key);
        }
    }
}

impl Ticket {
    /// Ends the call. An answer is kept; after an error the next request
    /// tries anew.
    pub(super) fn end(self, result: Result<Completion, Error>) {
        let shared = result.map(|completion| {
            Arc::new(Kept {
                completion,
                is_delivered: false.into(),
            })
        });
        if let Ok(kept) = &shared {
            let bytes = kept.completion.text().len() + FRAME_BYTES;
            let mut calls = lock(&self.calls);
            let until = Instant::now() + self.kept_for;
            calls
                .ended
                .push_back((self.key.clone(), self.serial, until, bytes));
            calls.bytes = calls.bytes.saturating_add(bytes);
        }
        self.result.send_replace(Some(shared));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let is_kept = matches!(*self.result.borrow(), Some(Ok(_)));
        let mut calls = lock(&self.calls);
        calls.leave(&self.key.caller);
        if !is_kept {
            calls.remove(&self.key, self.serial);
        }
    }
}

fn lock(calls: &Mutex<Calls>) -> MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
