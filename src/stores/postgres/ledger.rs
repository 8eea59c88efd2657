//! The ledger: lines, what they come to and what they cost, in one durable
//! transaction.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout_at;
use uuid::Uuid;

use super::PostgresStore;
use super::lines::{Lines, Money};
use super::moment::Moment;
use super::pool::BACKGROUND;
use super::sums;
use super::words::{PeriodKey, period_key, uuid};
use crate::domain::{BudgetPeriod, LedgerEntry, StoreError};
use crate::stores::StoreHealth;
use crate::stores::queue::{LedgerSink, MergedEntries};
use crate::stores::rollup::RollUps;

/// A session commits without waiting for the disk unless it is told to.
const BEGIN: &str = "begin; set local synchronous_commit = on";
/// The most holds that are swept at once.
const SWEEP: i32 = 500;

#[async_trait]
impl LedgerSink for PostgresStore {
    async fn write(&self, batch: &[LedgerEntry]) -> Result<(), StoreError> {
        // In the order of ids, so that writers never wait for each other in
        // a circle; of two with one id the first stands.
        let mut ordered = BTreeMap::new();
        for entry in batch {
            let key = (entry.id.request.bits(), entry.id.attempt);
            ordered.entry(key).or_insert(entry);
        }
        if ordered.is_empty() {
            return Ok(());
        }
        let ordered: Vec<&LedgerEntry> = ordered.into_values().collect();
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let work = book(&mut lease.connection, self.writer(), &ordered);
        let outcome = timeout_at(lease.until, work).await;
        Ok(lease.end(outcome)?)
    }

    async fn write_merged(&self, merged: &MergedEntries) -> Result<(), StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let work = add_merged(&mut lease.connection, self.writer(), merged);
        let outcome = timeout_at(lease.until, work).await;
        Ok(lease.end(outcome)?)
    }

    fn health(&self) -> &StoreHealth {
        &self.pool.gate.health
    }
}

impl PostgresStore {
    /// Books holds that nobody has settled `grace` after their end, at their
    /// estimate, and returns how many. At most 500 at once.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    pub async fn sweep(&self, grace: Duration) -> Result<u64, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query_as::<_, (i64, i64)>(
            "select swept, amount from gateway_sweep($1 * interval '1 second', $2)",
        )
        .bind(grace.as_secs_f64())
        .bind(SWEEP);
        let outcome = timeout_at(lease.until, query.fetch_one(&mut lease.connection)).await;
        let (swept, nano_usd) = lease.end(outcome)?;
        if swept > 0 {
            tracing::warn!(swept, nano_usd, "attempts that nobody settled were booked");
        }
        Ok(u64::try_from(swept).unwrap_or(0))
    }
}

/// A new line, with the cost and possible cost that were booked in its place
/// before.
type New = (Uuid, i32, i64, i64);

async fn book(
    connection: &mut PgConnection,
    writer: i16,
    entries: &[&LedgerEntry],
) -> sqlx::Result<()> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let budgets = begin_booking(&mut transaction, writer, entries).await?;
    let lines = Lines::new(entries.iter().copied(), &budgets);
    let query = lines.bind(sqlx::query_as::<_, New>(include_str!("lines.sql")));
    let new = query.fetch_all(&mut *transaction).await?;
    let new: HashMap<(Uuid, i32), (i64, i64)> = new
        .into_iter()
        .map(|(request, attempt, cost, possible)| ((request, attempt), (cost, possible)))
        .collect();
    let (mut rows, mut money) = (RollUps::default(), Money::default());
    for entry in entries {
        let key = (uuid(entry.id), entry.id.attempt.cast_signed());
        if let Some(old) = new.get(&key) {
            rows.add(entry);
            if !entry.budgets.is_empty() {
                money.push(entry, *old, &budgets);
            }
        }
    }
    sums::add(&mut transaction, writer, rows.rows()).await?;
    // Last, for budgets are locked from then on.
    if !money.is_empty() {
        let query = sqlx::query(include_str!("money.sql"));
        money.bind(query).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Locks what has to be locked before lines are booked, and returns the ids
/// of their budgets.
async fn begin_booking(
    connection: &mut PgConnection,
    writer: i16,
    entries: &[&LedgerEntry],
) -> sqlx::Result<HashMap<PeriodKey, i64>> {
    let mut periods: BTreeMap<PeriodKey, &BudgetPeriod> = BTreeMap::new();
    for period in entries.iter().flat_map(|entry| entry.budgets.iter()) {
        periods.entry(period_key(period)).or_insert(period);
    }
    let requests: Vec<Uuid> = entries.iter().map(|entry| uuid(entry.id)).collect();
    let attempts: Vec<i32> = entries
        .iter()
        .map(|entry| entry.id.attempt.cast_signed())
        .collect();
    let scopes: Vec<&str> = periods.keys().map(|(scope, _, _)| scope.as_str()).collect();
    let spans: Vec<i16> = periods.keys().map(|(_, span, _)| *span).collect();
    let starts: Vec<Moment> = periods
        .values()
        .map(|period| Moment(period.start))
        .collect();
    let ids: Option<Vec<i64>> =
        sqlx::query_scalar("select gateway_begin_booking($1, $2, $3, $4, $5, $6)")
            .bind(i32::from(writer))
            .bind(&requests)
            .bind(&attempts)
            .bind(&scopes)
            .bind(&spans)
            .bind(&starts)
            .fetch_one(connection)
            .await?;
    Ok(periods.into_keys().zip(ids.unwrap_or_default()).collect())
}

async fn add_merged(
    connection: &mut PgConnection,
    writer: i16,
    merged: &MergedEntries,
) -> sqlx::Result<()> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    begin_booking(&mut transaction, writer, &[]).await?;
    let inserted = sqlx::query("insert into merged (id) values ($1) on conflict do nothing")
        .bind(Uuid::from_u128(merged.id.bits()))
        .execute(&mut *transaction)
        .await?;
    if inserted.rows_affected() > 0 {
        sums::add(&mut transaction, writer, merged.sums.rows()).await?;
        sums::keep_merged(&mut transaction, writer, &merged.sums).await?;
    }
    transaction.commit().await
}
