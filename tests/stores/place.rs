//! Where a store under test is, and the time that it sees.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ai_gateway::domain::{Clock, NearestSearch, RequestId};
use ai_gateway::stores::{SqliteLocation, SqliteOptions, SqliteStore, Store};
use async_trait::async_trait;
use jiff::Timestamp;

/// A place for one store, empty at first. Another store joins the suite with
/// an implementation of this and one line in `main.rs`.
#[async_trait]
pub(crate) trait Place: Sized + Send + Sync {
    /// Whether what was stored is found by whoever opens the place again,
    /// even at the same time.
    const IS_SHARED: bool;
    /// How it finds similar questions.
    const SEARCH: NearestSearch;

    /// Tells whether such a place can be had here.
    fn is_there() -> bool {
        true
    }

    /// Makes a place that holds nothing.
    async fn new() -> Self;

    /// Opens the store with all the room for answers that it can have.
    async fn open(&self, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
        self.open_bounded(clock, 512 << 20).await
    }

    /// Opens the store with so much room for answers.
    async fn open_bounded(&self, clock: Arc<dyn Clock>, cache_max_bytes: u64) -> Arc<dyn Store>;
}

/// A folder with a file in it, removed at the end.
pub(crate) struct FilePlace {
    folder: PathBuf,
}

impl FilePlace {
    pub(crate) fn make() -> Self {
        let name = format!("ai-gateway-{}", RequestId::random());
        Self {
            folder: std::env::temp_dir().join(name),
        }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("data").join("gateway.db")
    }

    pub(crate) async fn open_with(
        &self,
        options: SqliteOptions,
        clock: Arc<dyn Clock>,
    ) -> SqliteStore {
        let location = SqliteLocation::File(self.file());
        SqliteStore::open(location, options, clock).await.unwrap()
    }
}

impl Drop for FilePlace {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[async_trait]
impl Place for FilePlace {
    const IS_SHARED: bool = true;
    const SEARCH: NearestSearch = NearestSearch::Owner;

    async fn new() -> Self {
        Self::make()
    }

    async fn open_bounded(&self, clock: Arc<dyn Clock>, cache_max_bytes: u64) -> Arc<dyn Store> {
        let options = SqliteOptions {
            cache_max_bytes,
            ..SqliteOptions::default()
        };
        Arc::new(self.open_with(options, clock).await)
    }
}

pub(crate) struct MemoryPlace;

#[async_trait]
impl Place for MemoryPlace {
    const IS_SHARED: bool = false;
    const SEARCH: NearestSearch = NearestSearch::Owner;

    async fn new() -> Self {
        Self
    }

    async fn open_bounded(&self, clock: Arc<dyn Clock>, cache_max_bytes: u64) -> Arc<dyn Store> {
        let options = SqliteOptions {
            cache_max_bytes,
            ..SqliteOptions::default()
        };
        let store = SqliteStore::open(SqliteLocation::Memory, options, clock).await;
        Arc::new(store.unwrap())
    }
}

/// A clock that stands until it is moved.
pub(crate) struct HandClock(Mutex<Timestamp>);

impl HandClock {
    pub(crate) fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(Mutex::new(now)))
    }

    pub(crate) fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap() = now;
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
