//! Opens the store, keeps it going and empties what waits for it.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::AppError;
use crate::config::Config;
use crate::domain::{CacheStore, Clock, Ledger, LimitStore, RatingStore, RoutingStore, UsageStore};
use crate::limit::LocalLimits;
use crate::stores::{
    FreshUsage, LedgerGap, LedgerQueue, PostgresSettings, PostgresStore, SqliteLocation,
    SqliteOptions, SqliteStore, Store, StorePlace, keep_tidy,
};

/// How long the last lines may take to be stored, or else to be printed, and
/// the connections to be closed, when the process ends.
const LAST_FLUSH: Duration = Duration::from_millis(1_500);
const LAST_LINES: Duration = Duration::from_millis(300);
const LAST_CLOSE: Duration = Duration::from_millis(500);

const DAY: Duration = Duration::from_hours(24);

/// What outlives a call, as the gateway sees it.
#[derive(Clone)]
pub struct Stores {
    /// The record of calls.
    pub ledger: Arc<dyn Ledger>,
    /// What the record comes to.
    pub usage: Arc<dyn UsageStore>,
    /// Rates and budgets.
    pub limits: Arc<dyn LimitStore>,
    /// Answers that outlive the process; `None` where nothing does.
    pub answers: Option<Arc<dyn CacheStore>>,
    /// What the router learns; `None` where nothing outlives the process.
    pub learned: Option<Arc<dyn RoutingStore>>,
    /// Where instances leave ratings for each other; `None` where there is one.
    pub ratings: Option<Arc<dyn RatingStore>>,
    /// What operators should know of it.
    pub notice: Option<String>,
    engine: Option<Engine>,
}

/// What runs behind the ports.
#[derive(Clone)]
struct Engine {
    queue: Arc<LedgerQueue>,
    store: Arc<dyn Store>,
    postgres: Option<Arc<PostgresStore>>,
    /// Keeps other processes from a SQLite file.
    _lock: Option<Arc<File>>,
}

impl Stores {
    /// Takes stores that need nobody to look after them.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        usage: Arc<dyn UsageStore>,
        limits: Arc<dyn LimitStore>,
    ) -> Self {
        Self {
            ledger,
            usage,
            limits,
            answers: None,
            learned: None,
            ratings: None,
            notice: None,
            engine: None,
        }
    }

    /// Opens the store of a configuration.
    ///
    /// # Errors
    /// [`AppError::Build`] if it cannot be opened.
    pub async fn open(config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, AppError> {
        let retention = DAY * u32::try_from(config.store.retention_days).unwrap_or(u32::MAX);
        let cache_max_bytes = config.store.cache_max_mb << 20;
        let is_kept = config.store_place != StorePlace::Memory;
        let location = match &config.store_place {
            StorePlace::Memory => SqliteLocation::Memory,
            StorePlace::Sqlite(path) => SqliteLocation::File(path.clone()),
            StorePlace::Postgres(url) => {
                let settings = PostgresSettings {
                    url: url.clone(),
                    connections: config.store.connections,
                    retention,
                    cache_max_bytes,
                };
                let store = PostgresStore::open(&settings, Arc::clone(clock)).await;
                let store = Arc::new(store.map_err(|fault| AppError::Build(fault.to_string()))?);
                return Ok(Self::over_postgres(store));
            }
        };
        let was_ours = match &location {
            SqliteLocation::Memory => false,
            SqliteLocation::File(path) => lock_path(path).exists(),
        };
        let options = SqliteOptions {
            is_ephemeral: config.is_on_cloud_run,
            was_ours,
            retention,
            cache_max_bytes,
            ..SqliteOptions::default()
        };
        let lock = match &location {
            SqliteLocation::Memory => None,
            SqliteLocation::File(path) => Some(lock(path)?),
        };
        let store = SqliteStore::open(location.clone(), options, Arc::clone(clock)).await;
        let store = store.map_err(|fault| {
            // Beside a file that is none of ours nothing is left behind.
            if let SqliteLocation::File(path) = &location {
                let _ = fs::remove_file(lock_path(path));
            }
            AppError::Build(fault.0)
        });
        let store = Arc::new(store?);
        let notice = store.set_aside().map(|aside| {
            tracing::error!(
                aside = %aside.display(),
                "the file of the store was corrupt; it was set aside and the store began anew: \
                 the ledger is empty and budgets count from zero"
            );
            "its file was corrupt and set aside; ledger and budgets began anew".to_owned()
        });
        let mut stores = Self::over_sqlite(store, lock, is_kept, clock).await?;
        stores.notice = notice;
        Ok(stores)
    }

    fn over_postgres(store: Arc<PostgresStore>) -> Self {
        let queue = Arc::new(LedgerQueue::new(Arc::clone(&store) as _));
        Self {
            ledger: Arc::clone(&queue) as _,
            usage: Arc::new(FreshUsage::new(Arc::clone(&queue), Arc::clone(&store) as _)),
            limits: Arc::clone(&store) as _,
            answers: Some(Arc::clone(&store) as _),
            learned: Some(Arc::clone(&store) as _),
            ratings: Some(Arc::clone(&store) as _),
            notice: None,
            engine: Some(Engine {
                queue,
                store: Arc::clone(&store) as _,
                postgres: Some(store),
                _lock: None,
            }),
        }
    }

    /// One process alone uses the file, so limits live in it, and begin with
    /// what the ledger says.
    async fn over_sqlite(
        store: Arc<SqliteStore>,
        lock: Option<File>,
        is_kept: bool,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, AppError> {
        let limits = LocalLimits::new(Arc::clone(clock));
        let spent = store.spent(clock.now()).await;
        limits.restore(spent.map_err(|fault| AppError::Build(fault.0))?);
        let queue = Arc::new(LedgerQueue::new(Arc::clone(&store) as _));
        Ok(Self {
            ledger: Arc::clone(&queue) as _,
            usage: Arc::new(FreshUsage::new(Arc::clone(&queue), Arc::clone(&store) as _)),
            limits: Arc::new(limits),
            answers: is_kept.then(|| Arc::clone(&store) as _),
            learned: is_kept.then(|| Arc::clone(&store) as _),
            ratings: None,
            notice: None,
            engine: Some(Engine {
                queue,
                store,
                postgres: None,
                _lock: lock.map(Arc::new),
            }),
        })
    }

    /// Stores what is recorded and looks after the store, until `stop` is
    /// cancelled.
    pub async fn run(&self, stop: CancellationToken) {
        let Some(engine) = &self.engine else {
            return;
        };
        let postgres = async {
            if let Some(postgres) = &engine.postgres {
                stop.run_until_cancelled(postgres.run()).await;
            }
        };
        tokio::join!(
            engine.queue.run(stop.clone()),
            keep_tidy(engine.store.as_ref(), stop.clone()),
            postgres,
        );
    }

    /// Writes what still waits to standard output, where nobody has time to
    /// store it.
    pub async fn give_up(&self) {
        if let Some(engine) = &self.engine {
            print(engine.queue.drain_lost().await).await;
        }
    }

    /// Stores what still waits and closes the store. What cannot be stored
    /// goes to standard output, one JSON object a line, for the log is the
    /// last place that keeps it. Returns how many lines that were.
    pub async fn end(&self) -> usize {
        let Some(engine) = &self.engine else {
            return 0;
        };
        let flushed = engine.queue.flush(Instant::now() + LAST_FLUSH).await;
        let lost = engine.queue.drain_lost().await;
        if let Err(fault) = flushed {
            tracing::error!(%fault, lines = lost.len(), "the ledger has a gap; the log has its lines");
        }
        let lines = lost.len();
        print(lost).await;
        let _ = timeout(LAST_CLOSE, engine.store.close()).await;
        lines
    }
}

/// Takes a SQLite file for this process: limits live in it, and two would
/// each grant the whole. The lock is in a file beside it and ends with the
/// process, however it ends.
fn lock(path: &Path) -> Result<File, AppError> {
    let build = |fault: String| AppError::Build(format!("{}: {fault}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|fault| build(fault.to_string()))?;
    }
    let file = File::create(lock_path(path)).map_err(|fault| build(fault.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let reason = "another gateway uses it; give each its own, or all one Postgres";
            Err(build(reason.to_owned()))
        }
        Err(TryLockError::Error(fault)) => Err(build(fault.to_string())),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Writes lines to standard output. A reader of it that has stopped holds
/// whoever writes, so a thread that is not waited for beyond its time does.
async fn print(lost: Vec<LedgerGap>) {
    if lost.is_empty() {
        return;
    }
    let written = tokio::task::spawn_blocking(move || {
        let mut out = std::io::stdout().lock();
        for gap in &lost {
            // Nobody is left to tell if this fails.
            let _ = writeln!(out, "{}", gap.to_json());
        }
    });
    let _ = timeout(LAST_LINES, written).await;
}
