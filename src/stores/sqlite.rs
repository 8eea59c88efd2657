//! State in a SQLite file, or in memory in the same form.

mod columns;
mod entries;
mod lines;
mod open;
mod parts;
mod report;
mod sums;
mod tidy;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Sqlite, SqlitePool, Transaction};
use tokio::sync::Mutex;

use self::sums::Remembered;
use super::answers::Room;
use super::health::StoreHealth;
use super::queue::{LedgerSink, MergedEntries};
use super::upkeep::Store;
use crate::domain::{
    BudgetPeriod, Caller, Clock, LedgerEntry, NanoUsd, StoreError, StoreState, UsageQuery,
    UsageStore, UsageSums,
};

/// The size of a store on a disk that is memory.
const EPHEMERAL_BYTES: u64 = 64 << 20;
/// The size of a store in memory: about 100,000 lines.
const MEMORY_BYTES: u64 = 32 << 20;
/// The part of a store of limited size that answers may take; on their pages
/// they take up to twice as much as by themselves.
const ANSWERS_PART: u64 = 4;
/// How many lines are written between two looks at the size.
const LINES_PER_LOOK: usize = 1_000;

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqliteLocation {
    /// In memory, as long as the process runs.
    Memory,
    /// In a file, which is made with its folder if it is not there.
    File(PathBuf),
}

/// How a store is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// True where the disk is memory and ends with the instance, as on Cloud
    /// Run.
    pub is_ephemeral: bool,
    /// How long lines of the ledger are kept.
    pub retention: Duration,
    /// True where a file that is no database is set aside like a corrupt one,
    /// because it was a store before.
    pub was_ours: bool,
    /// How long to wait for another process that writes the file.
    pub busy_timeout: Duration,
    /// The most that a store may take, in bytes. `None` takes what there is
    /// on a disk, 64 MiB where the disk is memory, and 32 MiB in memory; of
    /// the latter two the oldest lines are removed when 80 % are used.
    pub max_bytes: Option<u64>,
    /// The most that cached answers may take, in bytes; of a store of limited
    /// size a quarter at most. Beyond it the oldest are removed.
    pub cache_max_bytes: u64,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            is_ephemeral: false,
            was_ours: false,
            retention: Duration::from_hours(90 * 24),
            busy_timeout: Duration::from_secs(5),
            max_bytes: None,
            cache_max_bytes: 512 << 20,
        }
    }
}

/// A store in SQLite: one connection writes, a few read.
pub struct SqliteStore {
    /// What the writer remembers. Whoever holds it may write.
    known: Mutex<Remembered>,
    set_aside: Option<PathBuf>,
    writer: SqlitePool,
    readers: SqlitePool,
    place: String,
    kind: &'static str,
    options: SqliteOptions,
    /// Where the oldest lines make room for new ones, the size of the store.
    trimmed_at: Option<u64>,
    lines_since_look: AtomicUsize,
    /// What cached answers may take.
    room: Room,
    clock: Arc<dyn Clock>,
    health: StoreHealth,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("place", &self.place)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens a store, and makes it where there is none.
    ///
    /// # Errors
    /// [`StoreError`] that names the file: it cannot be made or written, is
    /// locked for longer than [`SqliteOptions::busy_timeout`], is no database,
    /// or is of a later version. A corrupt one is renamed, never removed; see
    /// [`SqliteStore::set_aside`].
    pub async fn open(
        location: SqliteLocation,
        mut options: SqliteOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let (kind, limit) = match (&location, options.is_ephemeral) {
            (SqliteLocation::Memory, _) => ("memory", Some(MEMORY_BYTES)),
            (SqliteLocation::File(_), true) => ("sqlite (ephemeral)", Some(EPHEMERAL_BYTES)),
            (SqliteLocation::File(_), false) => ("sqlite", None),
        };
        options.max_bytes = options.max_bytes.or(limit);
        let part = options.max_bytes.map(|bytes| bytes / ANSWERS_PART);
        let cache_max_bytes = options.cache_max_bytes.min(part.unwrap_or(u64::MAX));
        let (pools, set_aside) = open::open(&location, &options).await?;
        Ok(Self {
            set_aside,
            known: Mutex::default(),
            writer: pools.writer,
            readers: pools.readers,
            place: match location {
                SqliteLocation::Memory => "memory:".to_owned(),
                SqliteLocation::File(path) => path.display().to_string(),
            },
            kind,
            trimmed_at: options.max_bytes.filter(|_| limit.is_some()),
            options,
            lines_since_look: AtomicUsize::new(0),
            room: Room::new(cache_max_bytes),
            clock,
            health: StoreHealth::default(),
        })
    }

    /// Returns where a corrupt file now is in whose place this store began
    /// anew.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// Begins to write. A transaction that would only lock the file at its
    /// first write could not wait for the lock.
    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    async fn write_lines(&self, batch: &[LedgerEntry]) -> sqlx::Result<()> {
        let mut known = self.known.lock().await;
        let mut transaction = self.begin().await?;
        let mut taken = known.take(&mut transaction).await?;
        let mut fresh: Vec<&LedgerEntry> = batch.iter().collect();
        if !lines::insert(&mut transaction, &fresh).await? {
            // Some were there: this is rare, so finding out which ones may
            // take a second transaction.
            transaction.rollback().await?;
            *known = taken;
            transaction = self.begin().await?;
            taken = known.take(&mut transaction).await?;
            fresh = lines::without_line(&mut transaction, batch).await?;
            lines::insert(&mut transaction, &fresh).await?;
        }
        sums::add_entries(&mut transaction, &mut taken, &fresh).await?;
        lines::add_spent(&mut transaction, &fresh).await?;
        transaction.commit().await?;
        *known = taken;
        self.make_room(batch.len()).await
    }

    async fn write_sums(&self, merged: &MergedEntries) -> sqlx::Result<()> {
        let mut known = self.known.lock().await;
        let mut transaction = self.begin().await?;
        let mut taken = known.take(&mut transaction).await?;
        sums::add_merged(&mut transaction, &mut taken, merged).await?;
        transaction.commit().await?;
        *known = taken;
        Ok(())
    }

    /// Looks at the size now and then, after `lines` more were written.
    async fn make_room(&self, lines: usize) -> sqlx::Result<()> {
        let Some(max_bytes) = self.trimmed_at else {
            return Ok(());
        };
        let lines = lines + self.lines_since_look.fetch_add(lines, Ordering::Relaxed);
        if lines >= LINES_PER_LOOK {
            self.lines_since_look.store(0, Ordering::Relaxed);
            tidy::trim(self, max_bytes).await?;
        }
        Ok(())
    }

    fn fault(&self, error: &sqlx::Error) -> StoreError {
        open::fault(&self.place, error)
    }
}

#[async_trait]
impl LedgerSink for SqliteStore {
    async fn write(&self, batch: &[LedgerEntry]) -> Result<(), StoreError> {
        let written = self.write_lines(batch).await;
        written.map_err(|error| self.fault(&error))
    }

    async fn write_merged(&self, merged: &MergedEntries) -> Result<(), StoreError> {
        let written = self.write_sums(merged).await;
        written.map_err(|error| self.fault(&error))
    }

    fn health(&self) -> &StoreHealth {
        &self.health
    }
}

#[async_trait]
impl UsageStore for SqliteStore {
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageSums>, StoreError> {
        let sums = report::usage(&self.readers, query, self.clock.now()).await;
        sums.map_err(|error| self.fault(&error))
    }

    async fn callers(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Caller, UsageSums)>, StoreError> {
        let callers = report::callers(&self.readers, (from, to), self.clock.now()).await;
        callers.map_err(|error| self.fault(&error))
    }

    async fn spent(&self, now: Timestamp) -> Result<Vec<(BudgetPeriod, NanoUsd)>, StoreError> {
        let spent = report::spent(&self.readers, now).await;
        spent.map_err(|error| self.fault(&error))
    }

    fn state(&self) -> StoreState {
        self.health.state(self.kind)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn tidy(&self) -> Result<(), StoreError> {
        let tidied = tidy::tidy(self).await;
        tidied.map_err(|error| self.fault(&error))
    }

    async fn rebuild(&self) -> Result<(), StoreError> {
        let rebuilt = tidy::rebuild(self).await;
        rebuilt.map_err(|error| self.fault(&error))
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
