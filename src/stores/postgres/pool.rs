//! Connections that no silence of the network can use up.
//!
//! The pool of `sqlx` pings every connection that is given back, without an
//! end. On a network that went silent the permit never returns, and a few of
//! them stop the store for good (sqlx #4349). Here a connection comes back
//! only after a query that ended well; anything else closes it, at once and
//! without a word to the server.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::fault::Fault;
use super::gate::Gate;

/// The longest that a request waits for the store to answer (DESIGN: 250 ms).
pub(super) const REQUEST: Duration = Duration::from_millis(250);
/// The longest that a request waits for its turn, as long as others get
/// answers (chosen: some thousand reservations pass in this time).
pub(super) const QUEUE: Duration = Duration::from_secs(2);
/// How often those who wait look how the others fare.
const LOOK: Duration = Duration::from_millis(50);
/// The longest that background work waits for the store: the server ends a
/// statement after two seconds, and there are a few in a transaction.
pub(super) const BACKGROUND: Duration = Duration::from_secs(5);

/// The least time that work needs. Whoever waited for so long that less is
/// left would only ask, hang up, and cost the next one a new connection.
const LEAST: Duration = Duration::from_millis(50);
/// Idle connections die silently behind NAT and load balancers.
const IDLE: Duration = Duration::from_secs(60);
/// A failover or a new certificate is noticed within this time.
const LIFETIME: Duration = Duration::from_secs(600);
/// After so long a connection is asked whether it still lives (chosen: in a
/// restart of the server, requests come more often than this).
const DOUBTFUL: Duration = Duration::from_secs(5);

/// A bounded set of connections to one database.
pub(super) struct Pool {
    options: PgConnectOptions,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    /// Counts how often all connections were given up.
    generation: AtomicU64,
    pub(super) gate: Gate,
    answered_at: Mutex<Instant>,
}

struct Idle {
    connection: PgConnection,
    since: Instant,
    born: Instant,
}

/// What came of waiting for a connection.
type Turn = Result<Result<OwnedSemaphorePermit, AcquireError>, Elapsed>;

/// A connection for one piece of work. Dropped before [`Lease::end`], it is
/// closed.
pub(super) struct Lease {
    /// The connection.
    pub(super) connection: PgConnection,
    /// When the work must have ended.
    pub(super) until: Instant,
    born: Instant,
    generation: u64,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl fmt::Debug for Pool {
    // The options print their password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("gate", &self.gate)
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// Makes an empty pool of at most `size` connections.
    pub(super) fn new(options: PgConnectOptions, size: usize) -> Self {
        Self {
            options,
            permits: Arc::new(Semaphore::new(size)),
            idle: Mutex::default(),
            generation: AtomicU64::new(0),
            gate: Gate::default(),
            answered_at: Mutex::new(Instant::now()),
        }
    }

    /// Returns a connection for work that ends within `limit` from now, the
    /// waiting included.
    ///
    /// # Errors
    /// [`Fault`] at once while the store is known to be down, else if no
    /// connection can be had in time.
    pub(super) async fn lease(self: &Arc<Self>, limit: Duration) -> Result<Lease, Fault> {
        self.gate.admit()?;
        let until = Instant::now() + limit;
        let permit = Arc::clone(&self.permits).acquire_owned();
        let permit = self.judge_turn(timeout_at(until - LEAST, permit).await)?;
        let lease = timeout_at(until, self.connect(until, permit)).await;
        self.judge_lease(lease)
    }

    /// Returns a connection for a request. It waits for its turn until
    /// `until`, unless those whose turn it is find that the server is down.
    ///
    /// # Errors
    /// As [`Pool::lease`].
    pub(super) async fn lease_in_turn(self: &Arc<Self>, until: Instant) -> Result<Lease, Fault> {
        self.gate.admit()?;
        let mut permit = pin!(Arc::clone(&self.permits).acquire_owned());
        let turn = loop {
            let look = until.min(Instant::now() + LOOK);
            let turn = timeout_at(look, &mut permit).await;
            if turn.is_ok() || look >= until {
                break turn;
            }
            self.gate.check()?;
        };
        let permit = self.judge_turn(turn)?;
        let lease = self.wait_for(self.connect(until, permit), until).await;
        self.judge_lease(lease)
    }

    /// Waits for 250 ms, and as long as the server answers others until
    /// `until`: then waiting is better than what a request does without it.
    ///
    /// # Errors
    /// [`Elapsed`] if it took too long.
    pub(super) async fn wait_for<T>(
        &self,
        work: impl Future<Output = T>,
        until: Instant,
    ) -> Result<T, Elapsed> {
        let mut work = pin!(work);
        let mut look = Instant::now() + REQUEST;
        loop {
            let outcome = timeout_at(look.min(until), &mut work).await;
            if outcome.is_ok() || look >= until || !self.has_just_answered() {
                return outcome;
            }
            look = Instant::now() + LOOK;
        }
    }

    fn judge_turn(&self, turn: Turn) -> Result<OwnedSemaphorePermit, Fault> {
        let fault = match turn {
            Ok(Ok(permit)) => return Ok(permit),
            Ok(Err(_)) => Fault::Refused("the store is closed".to_owned()),
            Err(Elapsed { .. }) => self.too_late("all connections are in use"),
        };
        self.failed(&fault);
        Err(fault)
    }

    fn judge_lease(
        &self,
        lease: Result<Result<Lease, sqlx::Error>, Elapsed>,
    ) -> Result<Lease, Fault> {
        let fault = match lease {
            Ok(Ok(lease)) => return Ok(lease),
            Ok(Err(error)) => Fault::from(error),
            Err(Elapsed { .. }) => self.too_late("no connection in time"),
        };
        self.failed(&fault);
        Err(fault)
    }

    /// Judges why there was no time left. As long as others get answers,
    /// there are too many who wait, and nothing is wrong with the server.
    fn too_late(&self, reason: &str) -> Fault {
        if self.has_just_answered() {
            Fault::Busy(reason.to_owned())
        } else {
            Fault::Down(reason.to_owned())
        }
    }

    fn has_just_answered(&self) -> bool {
        let answered_at = self.answered_at.lock();
        answered_at
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
            < REQUEST
    }

    /// Closes what has been idle for too long, or all of it.
    pub(super) fn prune(&self, how: Prune) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        match how {
            Prune::Old => idle.retain(Idle::is_fresh),
            Prune::All => idle.clear(),
        }
    }

    /// Closes what is idle, and refuses whoever comes after this.
    pub(super) fn close(&self) {
        self.permits.close();
        self.prune(Prune::All);
    }

    async fn connect(
        self: &Arc<Self>,
        until: Instant,
        permit: OwnedSemaphorePermit,
    ) -> Result<Lease, sqlx::Error> {
        let generation = self.generation.load(Ordering::Acquire);
        let lease = |connection, born| Lease {
            connection,
            until,
            born,
            generation,
            pool: Arc::clone(self),
            _permit: permit,
        };
        while let Some(mut idle) = self.pop() {
            if idle.since.elapsed() < DOUBTFUL || idle.connection.ping().await.is_ok() {
                return Ok(lease(idle.connection, idle.born));
            }
        }
        let connection = self.options.connect().await?;
        Ok(lease(connection, Instant::now()))
    }

    fn pop(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find(Idle::is_fresh)
    }

    /// A store that does not answer on one connection answers on none that
    /// was opened before.
    fn failed(&self, fault: &Fault) {
        if let Fault::Down(reason) = fault {
            self.generation.fetch_add(1, Ordering::AcqRel);
            self.prune(Prune::All);
            self.gate.failed(reason);
        }
    }
}

/// Which idle connections to close.
#[derive(Clone, Copy, Debug)]
pub(super) enum Prune {
    /// Those that are too old.
    Old,
    /// Every one.
    All,
}

impl Idle {
    fn is_fresh(&self) -> bool {
        self.since.elapsed() < IDLE && self.born.elapsed() < LIFETIME
    }
}

impl Lease {
    /// Ends the work, and keeps the connection if it went well.
    ///
    /// # Errors
    /// The work's own fault, or that it took too long. A connection on which
    /// anything failed is closed, for a transaction may be open on it.
    pub(super) fn end<T>(
        self,
        outcome: Result<Result<T, sqlx::Error>, Elapsed>,
    ) -> Result<T, Fault> {
        let fault = match outcome {
            Ok(Ok(value)) => {
                self.pool.gate.succeeded();
                self.give_back();
                return Ok(value);
            }
            Ok(Err(error)) => Fault::from(error),
            // It may have begun late; see `Pool::too_late`.
            Err(Elapsed { .. }) if self.pool.has_just_answered() => {
                Fault::Late("no answer in time".to_owned())
            }
            Err(Elapsed { .. }) => Fault::Down("no answer in time".to_owned()),
        };
        self.pool.failed(&fault);
        Err(fault)
    }

    fn give_back(self) {
        let pool = self.pool;
        let now = Instant::now();
        *pool
            .answered_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = now;
        if pool.generation.load(Ordering::Acquire) == self.generation {
            let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(Idle {
                connection: self.connection,
                since: now,
                born: self.born,
            });
        }
    }
}
