//! Removing what is kept no longer, and adding up anew.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use super::columns::Columns;
use super::lines::{Position, read_after};
use super::open::PAGE_BYTES;
use super::sums::{Remembered, add, read_model, read_sums, sum_columns};
use super::{SqliteStore, entries};
use crate::domain::Caller;
use crate::stores::codec::{count, instant};
use crate::stores::rollup::{Grain, RollUpKey, RollUps};
use crate::stores::spans::needless_before;

/// How many rows are removed in one transaction, well below a millisecond.
const CHUNK: i64 = 500;
/// How many lines are added up at once.
const PAGE: i64 = 2_000;
/// How long periods of budgets are kept, by their starts: longer than a month
/// lasts.
const BUDGETS_KEPT: Duration = Duration::from_hours(40 * 24);
/// How full a store of limited size is when its oldest lines are removed, in
/// percent.
const FULL: u64 = 80;
/// How many lines are then removed at once.
const TRIMMED_AT_ONCE: i64 = 2_000;

/// Removes what is kept no longer.
pub(super) async fn tidy(store: &SqliteStore) -> sqlx::Result<()> {
    let now = store.clock.now();
    for grain in Grain::ALL {
        if let Some(before) = needless_before(grain, now) {
            while remove_rollups(store, grain, before).await? {}
        }
    }
    while remove_lines(store, micros_before(now, store.options.retention)).await? {}
    while remove_budgets(store, micros_before(now, BUDGETS_KEPT)).await? {}
    entries::tidy(store).await
}

/// Removes a chunk, and tells whether there may be more.
async fn remove_budgets(store: &SqliteStore, before: i64) -> sqlx::Result<bool> {
    let _writer = store.known.lock().await;
    let mut transaction = store.begin().await?;
    let removed = sqlx::query(
        "DELETE FROM budget WHERE (scope, period, start) IN \
         (SELECT scope, period, start FROM budget \
          WHERE period <> 'total' AND start < ? LIMIT ?)",
    )
    .bind(before)
    .bind(CHUNK)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(removed.rows_affected() >= CHUNK.unsigned_abs())
}

async fn remove_rollups(store: &SqliteStore, grain: Grain, before: i64) -> sqlx::Result<bool> {
    let mut known = store.known.lock().await;
    // It may remember what is removed here.
    *known = Remembered::default();
    let mut transaction = store.begin().await?;
    let removed = sqlx::query(
        "DELETE FROM rollup WHERE (caller, grain, start, provider, model) IN \
         (SELECT caller, grain, start, provider, model FROM rollup \
          WHERE grain = ? AND start < ? LIMIT ?)",
    )
    .bind(grain.number())
    .bind(before)
    .bind(CHUNK)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(removed.rows_affected() >= CHUNK.unsigned_abs())
}

async fn remove_lines(store: &SqliteStore, before: i64) -> sqlx::Result<bool> {
    let _writer = store.known.lock().await;
    let mut transaction = store.begin().await?;
    let removed = sqlx::query(
        "DELETE FROM ledger WHERE (started_at, request, attempt) IN \
         (SELECT started_at, request, attempt FROM ledger WHERE started_at < ? LIMIT ?)",
    )
    .bind(before)
    .bind(CHUNK)
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    if removed > 0 {
        cut(&mut transaction, before).await?;
    }
    transaction.commit().await?;
    Ok(removed >= CHUNK.unsigned_abs())
}

/// Writes down that lines before a moment may be missing.
async fn cut(conn: &mut SqliteConnection, before: i64) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO ledger_cut (id, before) VALUES (1, ?) \
         ON CONFLICT DO UPDATE SET before = max(before, excluded.before)",
    )
    .bind(before)
    .execute(conn)
    .await?;
    Ok(())
}

fn micros_before(now: Timestamp, kept: Duration) -> i64 {
    let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
    now.as_microsecond().saturating_sub(kept)
}

/// Removes the oldest lines of a store of limited size that is nearly full,
/// so that new ones have room.
pub(super) async fn trim(store: &SqliteStore, max_bytes: u64) -> sqlx::Result<()> {
    let mut transaction = store.begin().await?;
    let row = sqlx::query(
        "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count",
    )
    .fetch_one(&mut *transaction)
    .await?;
    let used = count(row.try_get(0)?).saturating_mul(PAGE_BYTES);
    if used > max_bytes / 100 * FULL {
        let last: Option<i64> = sqlx::query_scalar(
            "SELECT max(started_at) FROM \
             (SELECT started_at FROM ledger ORDER BY started_at LIMIT ?)",
        )
        .bind(TRIMMED_AT_ONCE)
        .fetch_one(&mut *transaction)
        .await?;
        if let Some(last) = last {
            cut(&mut transaction, last.saturating_add(1)).await?;
            sqlx::query(
                "DELETE FROM ledger WHERE (started_at, request, attempt) IN \
                 (SELECT started_at, request, attempt FROM ledger \
                  ORDER BY started_at, request, attempt LIMIT ?)",
            )
            .bind(TRIMMED_AT_ONCE)
            .execute(&mut *transaction)
            .await?;
        }
    }
    transaction.commit().await
}

/// Adds up the roll-ups anew from the ledger.
pub(super) async fn rebuild(store: &SqliteStore) -> sqlx::Result<()> {
    let mut known = store.known.lock().await;
    *known = Remembered::default();
    let mut transaction = store.begin().await?;
    let since = whole_since(&mut transaction).await?;
    sqlx::query("DELETE FROM rollup WHERE start >= ?")
        .bind(since)
        .execute(&mut *transaction)
        .await?;
    let mut fresh = Remembered::default().take(&mut transaction).await?;
    let merged = merged_since(&mut transaction, since).await?;
    add(&mut transaction, &mut fresh, merged.rows()).await?;
    let mut position = Position::before(since.saturating_mul(1_000_000));
    loop {
        let lines = read_after(&mut transaction, &mut position, PAGE).await?;
        if lines.is_empty() {
            break;
        }
        add(&mut transaction, &mut fresh, RollUps::of(&lines).rows()).await?;
        fresh.forget_beyond_bound();
    }
    transaction.commit().await
}

/// Returns the start of the first day of which no line was removed, in
/// seconds since the epoch.
async fn whole_since(conn: &mut SqliteConnection) -> sqlx::Result<i64> {
    let cut: Option<i64> = sqlx::query_scalar("SELECT before FROM ledger_cut")
        .fetch_optional(conn)
        .await?;
    Ok(cut.map_or(i64::MIN, |before| {
        let last = Grain::Day.start(instant(before).as_second());
        last + Grain::Day.seconds()
    }))
}

/// Reads the sums of lines that are not in the ledger.
async fn merged_since(conn: &mut SqliteConnection, since: i64) -> sqlx::Result<RollUps> {
    const SELECT: &str = concat!(
        "SELECT caller, start, provider, model, ",
        sum_columns!(),
        " FROM merged WHERE start >= ?"
    );
    let mut merged = RollUps::default();
    for row in sqlx::query(SELECT).bind(since).fetch_all(conn).await? {
        let mut columns = Columns::new(&row);
        let key = RollUpKey {
            caller: Some(Caller::new(columns.take::<&str>()?)),
            grain: Grain::Minute,
            start: columns.take()?,
            model: read_model(&mut columns)?,
        };
        merged.add_sums(key, &read_sums(&mut columns)?);
    }
    Ok(merged)
}
