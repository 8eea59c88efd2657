//! State that several instances share, in PostgreSQL.

mod connect;
mod entries;
mod fault;
mod gate;
mod give_back;
mod ledger;
mod limits;
mod lines;
mod migrations;
mod moment;
mod parts;
mod pool;
mod ratings;
mod rebuild;
mod sums;
mod upkeep;
mod usage;
mod vectors;
mod words;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI16, AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use uuid::Uuid;

use crate::domain::{Clock, Secret};
use crate::stores::answers::Room;
use give_back::GiveBack;
use pool::Pool;

/// Where the database is and how much of it to use.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database`, with `?sslmode=…` and,
    /// for a socket, `?host=/folder`.
    pub url: Secret,
    /// The most connections, 1 or more. Those of all instances together must
    /// stay ten below the server's `max_connections`.
    pub connections: u32,
    /// How long lines of the ledger are kept; what they come to stays.
    pub retention: Duration,
    /// The most that cached answers may take, in bytes. Beyond it the oldest
    /// are removed.
    pub cache_max_bytes: u64,
}

impl PostgresSettings {
    /// Takes a connection string and the defaults: five connections, lines
    /// are kept for 90 days, answers take up to 512 MiB.
    pub const fn new(url: Secret) -> Self {
        Self {
            url,
            connections: 5,
            retention: Duration::from_hours(90 * 24),
            cache_max_bytes: 512 << 20,
        }
    }
}

/// Why a database cannot be used.
#[derive(Clone, Debug, Error)]
pub enum PostgresError {
    /// The connection string is wrong.
    #[error("DATABASE_URL: {0}")]
    Url(String),
    /// The server cannot be reached, or lets nobody in.
    #[error("cannot reach the database at {place}: {reason}")]
    Unreachable {
        /// Where it should be, without a user or a password.
        place: String,
        /// What the server or the system says.
        reason: String,
    },
    /// What is in it does not fit this program.
    #[error("{0}")]
    Unfit(String),
}

/// How long the server may take to let us in at the start.
const FIRST_CONTACT: Duration = Duration::from_secs(10);
/// The pause before it is asked again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// How long it may take to set the database up.
const SET_UP: Duration = Duration::from_secs(120);

/// Rates, budgets, ledger, cache and routing state in one database, exact
/// over all instances that share it.
///
/// Every request-path call ends within 250 ms, and at once while the server
/// is known to be down. While it answers others, calls wait for their turn for
/// up to two seconds before that. [`PostgresStore::run`] does what is not asked for.
///
/// Money and rates go by the server's clock, so that instances need not agree
/// on the time; reports and retention by ours.
pub struct PostgresStore {
    pool: Arc<Pool>,
    give_back: GiveBack,
    instance: Uuid,
    /// Whose rows of sums this instance adds to.
    writer: AtomicI16,
    instances: AtomicU32,
    retention: Duration,
    /// What cached answers may take.
    room: Room,
    /// The query for the nearest vectors, where the server can compare them.
    nearest: Option<Arc<str>>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("kind", &self.kind())
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

/// Connects, trying again while nobody answers.
async fn first_contact(options: &PgConnectOptions) -> Result<PgConnection, String> {
    let end = Instant::now() + FIRST_CONTACT;
    loop {
        let attempt = timeout_at(end, options.connect()).await;
        let error = match attempt {
            Err(_) => return Err("no answer within 10 s".to_owned()),
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error,
        };
        // Only what is not there, or not ready, may come.
        let may_come = match &error {
            sqlx::Error::Io(_) => true,
            sqlx::Error::Database(refusal) => refusal.code().as_deref() == Some("57P03"),
            _ => false,
        };
        if !may_come || Instant::now() + FIRST_PAUSE >= end {
            return Err(error.to_string());
        }
        sleep(FIRST_PAUSE).await;
    }
}

impl PostgresStore {
    /// Tells whether a connection string can be used.
    ///
    /// # Errors
    /// What is wrong with it, without its password.
    pub fn check_url(url: &Secret) -> Result<(), String> {
        connect::options(url.expose()).map(drop)
    }

    /// Connects, and brings the database to the form that this program knows.
    ///
    /// # Errors
    /// [`PostgresError`] if it cannot be reached, or is newer than this
    /// program.
    pub async fn open(
        settings: &PostgresSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, PostgresError> {
        let options = connect::options(settings.url.expose()).map_err(PostgresError::Url)?;
        let place = connect::describe(&options);
        let unreachable = |reason: String| PostgresError::Unreachable {
            place: place.clone(),
            reason,
        };
        let mut connection = first_contact(&options).await.map_err(unreachable)?;
        let set_up = timeout(SET_UP, async {
            migrations::migrate(&mut connection).await?;
            Ok(vectors::prepare(&mut connection).await)
        });
        let nearest = set_up
            .await
            .map_err(|_| unreachable("the set-up took longer than 120 s".to_owned()))?
            .map_err(PostgresError::Unfit)?;
        // Its sessions' settings are those of the set-up.
        let _ = timeout(pool::REQUEST, connection.close()).await;
        let store = Self {
            pool: Arc::new(Pool::new(options, settings.connections.max(1) as usize)),
            give_back: GiveBack::default(),
            instance: Uuid::new_v4(),
            writer: AtomicI16::new(0),
            instances: AtomicU32::new(1),
            retention: settings.retention,
            room: Room::new(settings.cache_max_bytes),
            nearest,
            clock,
        };
        let beat = store.beat().await;
        beat.map_err(|error| unreachable(error.to_string()))?;
        Ok(store)
    }

    /// Gives back what attempts did not use, and looks after the database,
    /// for ever.
    pub async fn run(&self) {
        tokio::join!(self.give_back.run(&self.pool), self.look_after());
    }

    const fn kind(&self) -> &'static str {
        if self.nearest.is_some() {
            "postgres"
        } else {
            "postgres (without pgvector)"
        }
    }

    fn writer(&self) -> i16 {
        self.writer.load(Ordering::Relaxed)
    }
}
