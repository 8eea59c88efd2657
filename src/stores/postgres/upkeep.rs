//! What is done for the database, not for a caller.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection};
use tokio::time::{MissedTickBehavior, interval, timeout_at};

use super::PostgresStore;
use super::moment::Moment;
use super::pool::{BACKGROUND, Prune, REQUEST};
use super::rebuild::rebuild;
use crate::domain::StoreError;
use crate::stores::codec::{instant_of_second, int};
use crate::stores::rollup::Grain;
use crate::stores::spans::needless_before;
use crate::stores::upkeep::Store;

/// How long past its end a hold may be settled before it is booked as it is.
const GRACE: Duration = Duration::from_secs(30);
/// How often holds are swept.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// How often an instance says that it lives; after 30 s it counts as gone.
const BEAT_EVERY: Duration = Duration::from_secs(10);
/// The most rows that are removed at once, a few milliseconds' work.
const CHUNK: i64 = 1_000;
/// How long sums that were added without their lines are remembered by their
/// ids: far longer than they could be sent again.
const MERGED_KEPT: Duration = Duration::from_hours(7 * 24);
/// How long periods of budgets are kept.
const BUDGETS_KEPT: Duration = Duration::from_hours(400 * 24);
/// How long lines may be added up anew: a million takes about ten seconds.
const REBUILD: Duration = Duration::from_secs(600);
/// How long the sizes of all answers may be added up, which the server ends
/// before: a million takes about a second.
const COUNTING: Duration = Duration::from_secs(25);

#[async_trait]
impl Store for PostgresStore {
    async fn tidy(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let lines_from = before(now, self.retention);
        self.note_removal(lines_from).await?;
        for (remove, before) in [
            (
                "delete from ledger where ctid = any(array(\
                 select ctid from ledger where started_at < $1 limit $2))",
                Some(lines_from),
            ),
            (
                "delete from roll_up where ctid = any(array(\
                 select ctid from roll_up where grain = 3 and start < $1 limit $2))",
                Some(lines_from),
            ),
            (
                "delete from roll_up where ctid = any(array(\
                 select ctid from roll_up where grain = 0 and start < $1 limit $2))",
                needless_before(Grain::Minute, now).map(instant_of_second),
            ),
            (
                "delete from roll_up where ctid = any(array(\
                 select ctid from roll_up where grain = 1 and start < $1 limit $2))",
                needless_before(Grain::Hour, now).map(instant_of_second),
            ),
            (
                "delete from cache_entry where ctid = any(array(\
                 select ctid from cache_entry where expires_at < $1 limit $2))",
                Some(now),
            ),
            (
                "delete from merged where ctid = any(array(\
                 select ctid from merged where added_at < $1 limit $2))",
                Some(before(now, MERGED_KEPT)),
            ),
            (
                "delete from budget where ctid = any(array(\
                 select ctid from budget where start < $1 and span <> 3 and held = 0 limit $2))",
                Some(before(now, BUDGETS_KEPT)),
            ),
        ] {
            if let Some(before) = before {
                while self.remove(remove, before).await? {}
            }
        }
        self.make_room().await
    }

    async fn rebuild(&self) -> Result<(), StoreError> {
        let mut lease = self.pool.lease(REBUILD).await?;
        let work = rebuild(&mut lease.connection, self.writer());
        let outcome = timeout_at(lease.until, work).await;
        Ok(lease.end(outcome)?)
    }

    async fn close(&self) {
        let _ = self.give_back.flush(&self.pool, REQUEST).await;
        self.leave().await;
        self.pool.close();
    }
}

impl PostgresStore {
    /// Returns how many instances shared the database a few seconds ago, this
    /// one included, 1 or more.
    pub fn known_instances(&self) -> u32 {
        self.instances.load(Ordering::Relaxed).max(1)
    }

    /// Says that this instance lives, and asks who else does.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    pub async fn beat(&self) -> Result<(), StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query_as::<_, (i16, i64)>("select number, alive from gateway_beat($1)")
            .bind(self.instance);
        let outcome = timeout_at(lease.until, query.fetch_one(&mut lease.connection)).await;
        let (number, alive) = lease.end(outcome)?;
        self.writer.store(number, Ordering::Relaxed);
        let alive = u32::try_from(alive).unwrap_or(1);
        self.instances.store(alive, Ordering::Relaxed);
        Ok(())
    }

    /// Says that this instance is gone. After a minute nobody counts it any
    /// more anyway.
    async fn leave(&self) {
        if let Ok(mut lease) = self.pool.lease(REQUEST).await {
            let query = sqlx::query("delete from instance where id = $1").bind(self.instance);
            let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
            let _ = lease.end(outcome);
        }
    }

    pub(super) async fn look_after(&self) {
        let every = |period| {
            let mut ticks = interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        };
        let (mut sweeps, mut beats) = (every(SWEEP_EVERY), every(BEAT_EVERY));
        loop {
            let done = tokio::select! {
                _ = sweeps.tick() => {
                    self.pool.prune(Prune::Old);
                    self.sweep_all().await
                }
                _ = beats.tick() => self.beat().await,
            };
            if let Err(error) = done {
                tracing::debug!(%error, "the database is not looked after");
            }
        }
    }

    async fn sweep_all(&self) -> Result<(), StoreError> {
        self.sweep(GRACE).await?;
        if self.room.take_due() {
            self.make_room().await?;
        }
        Ok(())
    }

    /// Removes the oldest answers where all together take too much. What the
    /// gateway keeps for itself is none, and nobody asks for it often.
    async fn make_room(&self) -> Result<(), StoreError> {
        let goal = int(self.room.goal());
        let mut lease = self.pool.lease(COUNTING).await?;
        let outcome = timeout_at(lease.until, first_beyond(&mut lease.connection, goal)).await;
        let Some((stored_at, scope, key)) = lease.end(outcome)? else {
            return Ok(());
        };
        loop {
            let mut lease = self.pool.lease(BACKGROUND).await?;
            let query = sqlx::query(
                "delete from cache_entry where ctid = any(array(\
                 select ctid from cache_entry where (stored_at, scope, key) <= ($1, $2, $3) \
                 and not starts_with(owner, 'gateway:') \
                 order by stored_at, scope, key limit $4))",
            )
            .bind(stored_at)
            .bind(&scope)
            .bind(&key)
            .bind(CHUNK);
            let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
            if lease.end(outcome)?.rows_affected() < CHUNK.unsigned_abs() {
                return Ok(());
            }
        }
    }

    /// Notes from when on lines are there, before others are removed.
    async fn note_removal(&self, lines_from: Timestamp) -> Result<(), StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query(
            "insert into upkeep (id, lines_from) select 1, $1 \
             where exists (select from ledger where started_at < $1) \
             or exists (select from roll_up where grain = 3 and start < $1) \
             on conflict (id) do update \
             set lines_from = greatest(upkeep.lines_from, excluded.lines_from)",
        )
        .bind(Moment(lines_from));
        let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
        lease.end(outcome)?;
        Ok(())
    }

    /// Removes a chunk, and tells whether there may be more.
    async fn remove(&self, remove: &'static str, before: Timestamp) -> Result<bool, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query(remove).bind(Moment(before)).bind(CHUNK);
        let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
        let removed = lease.end(outcome)?.rows_affected();
        Ok(removed >= CHUNK.unsigned_abs())
    }
}

/// Where the answers begin that are older than the latest of `goal` bytes.
/// What is on the disk is known at once, and with that little enough no answer
/// is looked at.
async fn first_beyond(
    connection: &mut PgConnection,
    goal: i64,
) -> sqlx::Result<Option<(Moment, Vec<u8>, Vec<u8>)>> {
    const BEGIN: &str = "begin; set local statement_timeout = '20s'";
    let on_disk: i64 = sqlx::query_scalar(
        "select pg_total_relation_size('cache_entry') \
         + coalesce(pg_total_relation_size(to_regclass('cache_vector')), 0)",
    )
    .fetch_one(&mut *connection)
    .await?;
    if on_disk <= goal {
        return Ok(None);
    }
    let mut transaction = connection.begin_with(BEGIN).await?;
    let first = sqlx::query_as(
        "select stored_at, scope, key from (select stored_at, scope, key, sum(size_bytes) \
         over (order by stored_at desc, scope desc, key desc rows unbounded preceding) as kept \
         from cache_entry) as entry where kept > $1 \
         order by stored_at desc, scope desc, key desc limit 1",
    )
    .bind(goal)
    .fetch_optional(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(first)
}

fn before(now: Timestamp, kept: Duration) -> Timestamp {
    now.checked_sub(kept).unwrap_or(Timestamp::MIN)
}
