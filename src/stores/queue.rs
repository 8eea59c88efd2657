//! The ledger's write queue: calls never wait for the store.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::breaker::Breaker;
use super::gap::LedgerGap;
use super::health::StoreHealth;
use super::rollup::{Grain, RollUps};
use crate::domain::{Ledger, LedgerEntry, RequestId, StoreError};

/// The longest that an entry waits for others to share its commit.
const FLUSH_INTERVAL: Duration = Duration::from_millis(50);
/// The most entries in one commit.
const MAX_BATCH: usize = 500;
/// The most entries that are kept, about 12 MiB.
const CAPACITY: usize = 20_000;
/// How full the queue is when the oldest entries are merged.
const MERGE_AT: usize = CAPACITY / 10 * 8;
/// How many are merged at once, so that each is looked at a few times only.
const MERGED_AT_ONCE: usize = 1_000;
/// The most rows of sums that are kept, at up to 4 KiB.
const MAX_SUMS: usize = 2_000;
/// How long a store may take for one batch; its own timeouts come first.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause before a failed write is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// How long a try to store everything may take while shutting down.
const LAST_TRY: Duration = Duration::from_secs(1);
/// The pause between such tries.
const LAST_PAUSE: Duration = Duration::from_millis(250);

/// Where a ledger's entries end up.
#[async_trait]
pub trait LedgerSink: Send + Sync {
    /// Stores entries, their roll-ups and what their budgets have spent, all
    /// or nothing. An entry that is there already changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]; the same entries will come again.
    async fn write(&self, batch: &[LedgerEntry]) -> Result<(), StoreError>;

    /// Adds sums to the roll-ups, all or nothing. What was added under the
    /// same id already changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]; the same sums will come again.
    async fn write_merged(&self, merged: &MergedEntries) -> Result<(), StoreError>;

    /// Returns the place where the queue says how it is.
    fn health(&self) -> &StoreHealth;
}

/// Entries of which only sums are left.
#[derive(Clone, Debug)]
pub struct MergedEntries {
    /// Names the sums, so that they are added once.
    pub id: RequestId,
    /// What the entries come to; none of them counts against a budget.
    pub sums: RollUps,
}

/// A ledger that takes entries at once and stores them in groups, from a
/// background task.
///
/// While the store fails it keeps up to 20,000 entries. Above 80 % of that
/// the oldest without a budget are merged to sums per minute, model and
/// caller, in which money stays exact. What has no room even so is written to
/// the log.
pub struct LedgerQueue {
    sink: Arc<dyn LedgerSink>,
    buffer: Mutex<Buffer>,
    /// What is being written. A write that was cancelled or failed is made
    /// again as it was, for it may have come through.
    flight: tokio::sync::Mutex<Flight>,
    is_filled: Notify,
    is_full: Notify,
}

struct Buffer {
    entries: VecDeque<LedgerEntry>,
    in_flight: usize,
    sums_in_flight: bool,
    merged: RollUps,
    merge_at: usize,
}

#[derive(Default)]
struct Flight {
    entries: Vec<LedgerEntry>,
    merged: Option<MergedEntries>,
    breaker: Breaker,
}

impl LedgerQueue {
    /// Makes an empty queue in front of `sink`.
    pub fn new(sink: Arc<dyn LedgerSink>) -> Self {
        Self {
            sink,
            buffer: Mutex::new(Buffer {
                entries: VecDeque::new(),
                in_flight: 0,
                sums_in_flight: false,
                merged: RollUps::default(),
                merge_at: MERGE_AT,
            }),
            flight: tokio::sync::Mutex::default(),
            is_filled: Notify::new(),
            is_full: Notify::new(),
        }
    }

    /// Stores what is recorded, 50 ms later or as soon as 500 entries wait,
    /// until `stop` is cancelled. Call [`LedgerQueue::flush`] after that.
    pub async fn run(&self, stop: CancellationToken) {
        let _ = stop.run_until_cancelled(self.keep_flushing()).await;
    }

    async fn keep_flushing(&self) {
        loop {
            self.is_filled.notified().await;
            let _ = timeout(FLUSH_INTERVAL, self.is_full.notified()).await;
            while let Err(wait) = self.write_batches().await {
                sleep(wait).await;
            }
            // What came in the meantime waits for more of its kind.
            if self.waits() > 0 {
                self.is_filled.notify_one();
            }
        }
    }

    /// Writes until less than a full batch waits, or returns when to go on.
    async fn write_batches(&self) -> Result<(), Duration> {
        loop {
            let mut flight = self.flight.lock().await;
            if self.write_next(&mut flight).await.is_err() {
                return Err(flight.breaker.wait(Instant::now()).max(RETRY_PAUSE));
            }
            if self.waits() < MAX_BATCH {
                return Ok(());
            }
        }
    }

    /// Stores all that waits, now.
    ///
    /// # Errors
    /// [`StoreError`] of the first write that fails; what is not stored is
    /// kept.
    pub async fn flush_now(&self) -> Result<(), StoreError> {
        let mut flight = self.flight.lock().await;
        while self.waits() > 0 {
            self.write_next(&mut flight).await?;
        }
        Ok(())
    }

    /// Stores what waits as of now, whatever comes meanwhile.
    ///
    /// # Errors
    /// As for [`LedgerQueue::flush_now`].
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        // What is in flight is a batch of its own.
        let batches = self.waits().div_ceil(MAX_BATCH) + 1;
        let mut flight = self.flight.lock().await;
        for _ in 0..batches {
            if self.waits() == 0 {
                break;
            }
            self.write_next(&mut flight).await?;
        }
        Ok(())
    }

    /// Stores all that waits, trying again 250 ms after each failure until
    /// `deadline`.
    ///
    /// # Errors
    /// [`StoreError`] if something is left, which
    /// [`LedgerQueue::drain_lost`] then returns.
    pub async fn flush(&self, deadline: Instant) -> Result<(), StoreError> {
        loop {
            let end = deadline.min(Instant::now() + LAST_TRY);
            let result = timeout_at(end, self.flush_now()).await;
            let result = result.unwrap_or_else(|_| Err(too_slow()));
            let next = Instant::now() + LAST_PAUSE;
            if result.is_ok() || next >= deadline {
                return result;
            }
            sleep_until(next).await;
        }
    }

    /// Takes out all that could not be stored, for the log.
    pub async fn drain_lost(&self) -> Vec<LedgerGap> {
        let mut flight = self.flight.lock().await;
        let mut buffer = self.lock();
        let merged = flight.merged.take().map(|merged| merged.sums);
        let merged = [
            merged.unwrap_or_default(),
            std::mem::take(&mut buffer.merged),
        ];
        let mut lost = Vec::new();
        for sums in &merged {
            let rows = sums.minutes();
            lost.extend(rows.map(|(key, sums)| LedgerGap::Sums(Box::new((key, sums.clone())))));
        }
        let entries = std::mem::take(&mut flight.entries);
        let entries = entries.into_iter().chain(buffer.entries.drain(..));
        lost.extend(entries.map(|entry| LedgerGap::Entry(Box::new(entry))));
        buffer.in_flight = 0;
        buffer.sums_in_flight = false;
        self.sink.health().set_buffered(0);
        lost
    }

    /// Writes what is in flight, or else the next batch.
    async fn write_next(&self, flight: &mut Flight) -> Result<(), StoreError> {
        self.board(flight);
        let written = timeout(WRITE_TIMEOUT, self.write(flight)).await;
        let written = written.unwrap_or_else(|_| Err(too_slow()));
        match &written {
            Ok(()) => {
                flight.breaker.succeeded();
                self.sink.health().works();
            }
            Err(error) => {
                flight.breaker.failed(Instant::now());
                self.sink.health().failed(error);
            }
        }
        written
    }

    /// Moves waiting entries into an empty flight.
    fn board(&self, flight: &mut Flight) {
        let mut buffer = self.lock();
        if flight.entries.is_empty() {
            let count = buffer.entries.len().min(MAX_BATCH);
            flight.entries.extend(buffer.entries.drain(..count));
            buffer.in_flight = count;
        }
        if flight.merged.is_none() && !buffer.merged.is_empty() {
            flight.merged = Some(MergedEntries {
                id: RequestId::random(),
                sums: std::mem::take(&mut buffer.merged),
            });
            buffer.sums_in_flight = true;
        }
    }

    async fn write(&self, flight: &mut Flight) -> Result<(), StoreError> {
        if !flight.entries.is_empty() {
            self.sink.write(&flight.entries).await?;
            flight.entries.clear();
            let mut buffer = self.lock();
            buffer.in_flight = 0;
            buffer.merge_at = MERGE_AT;
            self.sink.health().set_buffered(buffer.len());
        }
        if let Some(merged) = &flight.merged {
            self.sink.write_merged(merged).await?;
            flight.merged = None;
            self.lock().sums_in_flight = false;
        }
        Ok(())
    }

    /// Returns how much is not stored yet; sums count as one.
    fn waits(&self) -> usize {
        let buffer = self.lock();
        let has_sums = buffer.sums_in_flight || !buffer.merged.is_empty();
        buffer.len() + usize::from(has_sums)
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for LedgerQueue {
    fn record(&self, entry: LedgerEntry) {
        let mut buffer = self.lock();
        let mut lost = None;
        if buffer.len() >= buffer.merge_at {
            let merged = buffer.merge_oldest();
            self.sink.health().add_merged(merged);
        }
        if buffer.len() < CAPACITY {
            buffer.entries.push_back(entry);
        } else {
            lost = Some(entry);
        }
        let waiting = buffer.entries.len();
        self.sink.health().set_buffered(buffer.len());
        drop(buffer);

        match waiting {
            1 => self.is_filled.notify_one(),
            MAX_BATCH => self.is_full.notify_one(),
            _ => {}
        }
        if let Some(entry) = lost {
            let gap = LedgerGap::Entry(Box::new(entry)).to_json();
            tracing::error!(event = "ledger_gap", %gap, "the ledger has no room left");
        }
    }
}

impl Buffer {
    fn len(&self) -> usize {
        self.entries.len() + self.in_flight
    }

    /// Adds the oldest entries without a budget to the sums, and returns how
    /// many. One with a budget stays, for its hold is settled by its own
    /// line.
    fn merge_oldest(&mut self) -> u64 {
        if self.merged.len() > MAX_SUMS {
            self.merged.coarsen(Grain::Hour);
        }
        if self.merged.len() > MAX_SUMS {
            self.merged.coarsen(Grain::Day);
        }
        let mut count = 0;
        if self.merged.len() <= MAX_SUMS {
            let sums = &mut self.merged;
            self.entries.retain(|entry| {
                let is_kept = count >= MERGED_AT_ONCE || !entry.budgets.is_empty();
                if !is_kept {
                    sums.add(entry);
                    count += 1;
                }
                is_kept
            });
        }
        // Where nothing could be merged, looking again at each entry would
        // take longer than it saves.
        self.merge_at = MERGE_AT.max(self.len() + MERGED_AT_ONCE / 2);
        count as u64
    }
}

fn too_slow() -> StoreError {
    StoreError("it did not answer in time".to_owned())
}
