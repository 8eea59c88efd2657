//! From a place to connections: files, checks, migrations.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlSafeStr as _, Sqlite, SqliteConnection, SqlitePool};
use tokio::time::{Instant, sleep};

use super::{SqliteLocation, SqliteOptions};
use crate::domain::StoreError;

/// Larger files are not read as a whole before the first answer; what is
/// wrong with them shows when it is read.
const MAX_CHECKED_BYTES: u64 = 4 << 20;
/// Readers beside the one writer of a file.
const READERS: u32 = 2;
/// How long an idle reader is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait for a connection, more than for a lock.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(8);
/// The pause before a file that another process locks is tried again.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// The size of a page in bytes, which is SQLite's default.
pub(super) const PAGE_BYTES: u64 = 4096;

/// Every step to the present form, in order. A step that has been released is
/// never changed.
const STEPS: [(&str, &str); 3] = [
    ("first", include_str!("migrations/0001_first.sql")),
    ("answers", include_str!("migrations/0002_answers.sql")),
    ("learned", include_str!("migrations/0003_learned.sql")),
];

/// The connections of a store.
#[derive(Debug)]
pub(super) struct Pools {
    /// The one connection that writes.
    pub(super) writer: SqlitePool,
    /// Those that read; in memory it is the writer itself.
    pub(super) readers: SqlitePool,
}

/// Opens a store, and makes it where there is none. A corrupt one is set aside,
/// and the place where it then is returned.
pub(super) async fn open(
    location: &SqliteLocation,
    options: &SqliteOptions,
) -> Result<(Pools, Option<PathBuf>), StoreError> {
    let SqliteLocation::File(path) = location else {
        let pools = open_memory(options).await;
        return Ok((pools.map_err(|error| fault("memory:", &error))?, None));
    };
    match open_or_make(path, options).await {
        Err(error) if is_to_be_set_aside(&error, options) => {
            let name = path.display();
            let aside = set_aside(path).map_err(|fault| {
                StoreError(format!(
                    "{name} is corrupt and cannot be set aside: {fault}"
                ))
            })?;
            let pools = open_or_make(path, options).await;
            Ok((pools.map_err(OpenFault::told)?, Some(aside)))
        }
        opened => Ok((opened.map_err(OpenFault::told)?, None)),
    }
}

/// Why a file does not open.
struct OpenFault {
    error: Option<sqlx::Error>,
    told: StoreError,
}

impl OpenFault {
    fn told(self) -> StoreError {
        self.told
    }
}

async fn open_or_make(path: &Path, options: &SqliteOptions) -> Result<Pools, OpenFault> {
    let name = path.display().to_string();
    prepare_file(path).map_err(|error| OpenFault {
        told: StoreError(format!("cannot open the file {name} of the store: {error}")),
        error: None,
    })?;
    let deadline = Instant::now() + options.busy_timeout;
    loop {
        match open_file(path, options).await {
            // Two processes that make the same file at once get in each
            // other's way without a chance to wait for the lock.
            Err(error) if is_busy(&error) && Instant::now() < deadline => sleep(LOCK_PAUSE).await,
            result => {
                return result.map_err(|error| OpenFault {
                    told: fault(&name, &error),
                    error: Some(error),
                });
            }
        }
    }
}

/// Tells whether the file is a store no more: a corrupt database, or something
/// else in a place that was ours.
fn is_to_be_set_aside(fault: &OpenFault, options: &SqliteOptions) -> bool {
    let Some(error) = &fault.error else {
        return false;
    };
    match code(error).as_deref() {
        Some("11") => true,
        Some("26") => options.was_ours,
        _ => matches!(error, sqlx::Error::Protocol(_)),
    }
}

/// Renames a file, and what SQLite has put beside it, so that nothing of it is
/// lost. Returns its new name.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let with = |tail: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(tail);
        PathBuf::from(name)
    };
    let numbered = |number: u32| format!(".corrupt-{number}");
    let mut numbers = (1..).map(numbered);
    let tail = numbers.find(|tail| !with(tail).exists());
    let tail = tail.ok_or_else(|| io::Error::other("too many were set aside before"))?;
    for part in ["-wal", "-shm"] {
        match fs::rename(with(part), with(&format!("{tail}{part}"))) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
            _ => {}
        }
    }
    let aside = with(&tail);
    fs::rename(path, &aside)?;
    Ok(aside)
}

/// Says what failed where, and what an operator can do about it.
pub(super) fn fault(place: &str, error: &sqlx::Error) -> StoreError {
    let text = match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        error => error.to_string(),
    };
    let is_corrupt = matches!(error, sqlx::Error::Protocol(_))
        || matches!(code(error).as_deref(), Some("11" | "26"));
    StoreError(if is_corrupt {
        format!("{place} is not a database, or corrupt ({text}): restore it, or move it away")
    } else {
        format!("{place}: {text}")
    })
}

/// Returns SQLite's primary result code.
fn code(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    let extended: u32 = code.parse().ok()?;
    Some((extended & 0xff).to_string())
}

fn is_busy(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("5" | "6"))
}

/// Makes the file and its folder where they are missing, the file readable for
/// its owner alone; what SQLite puts beside it gets the same mode.
fn prepare_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // What is there already may be somebody else's.
    match OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => OpenOptions::new()
            .read(true)
            .append(true)
            .open(path)
            .map(drop),
        made => made.map(drop),
    }
}

async fn open_file(path: &Path, options: &SqliteOptions) -> sqlx::Result<Pools> {
    let connect = connect_options(options).filename(path);
    let mut writing = connect
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    if let Some(bytes) = options.max_bytes {
        writing = writing.pragma("max_page_count", (bytes / PAGE_BYTES).to_string());
    }
    let writer = pool(1).connect_with(writing).await?;
    let readers = pool(READERS)
        .idle_timeout(IDLE_TIMEOUT)
        .connect_lazy_with(connect.pragma("query_only", "ON"));
    let mut connection = writer.acquire().await?;
    if fs::metadata(path)?.len() <= MAX_CHECKED_BYTES {
        check(&mut connection).await?;
    }
    migrate(&mut connection).await?;
    drop(connection);
    Ok(Pools { writer, readers })
}

/// Everything is in one connection, which therefore never ends by itself.
async fn open_memory(options: &SqliteOptions) -> sqlx::Result<Pools> {
    let mut connect = connect_options(options).filename(":memory:");
    if let Some(bytes) = options.max_bytes {
        connect = connect.pragma("max_page_count", (bytes / PAGE_BYTES).to_string());
    }
    let writer = pool(1).connect_with(connect).await?;
    migrate(&mut *writer.acquire().await?).await?;
    let readers = writer.clone();
    Ok(Pools { writer, readers })
}

fn connect_options(options: &SqliteOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .busy_timeout(options.busy_timeout)
        .thread_name(|_| "store".to_owned())
        .disable_statement_logging()
}

fn pool(connections: u32) -> PoolOptions<Sqlite> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        // A file does not go away as a server does.
        .test_before_acquire(false)
}

async fn check(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(sqlx::Error::Protocol(format!("it is corrupt: {verdict}")))
}

/// Brings the tables to the present form, under a lock unless they have it.
async fn migrate(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let steps = STEPS.iter().zip(1..).map(|(&(name, sql), version)| {
        let kind = MigrationType::Simple;
        Migration::new(version, name.into(), kind, sql.into_sql_str(), false)
    });
    let migrator = Migrator::with_migrations(steps.collect());
    let applied: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'",
    )
    .fetch_optional(&mut *connection)
    .await?;
    let applied: i64 = match applied {
        None => 0,
        Some(_) => {
            sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success")
                .fetch_one(&mut *connection)
                .await?
        }
    };
    if usize::try_from(applied) == Ok(migrator.iter().count()) {
        // This only compares; it writes nothing and so waits for nobody.
        migrator.run_direct(None, connection, false).await?;
        return Ok(());
    }
    let mut transaction = sqlx::Connection::begin_with(connection, "BEGIN IMMEDIATE").await?;
    migrator.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await
}
