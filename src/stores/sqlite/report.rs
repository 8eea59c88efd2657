//! Reading what the roll-ups and budgets come to.

use jiff::Timestamp;
use sqlx::SqlitePool;

use super::columns::Columns;
use super::sums::{read_model, read_sums, sum_columns};
use crate::domain::{BudgetPeriod, Caller, NanoUsd, TokenUsage, UsageQuery, UsageSums};
use crate::stores::codec::{WINDOWS, count, instant, scope_named, window_named};
use crate::stores::rollup::absorb;
use crate::stores::spans::{MAX_SPANS, spans};

macro_rules! of_span {
    ($grain:literal, $from:literal, $to:literal) => {
        concat!(
            "SELECT provider, model, ",
            sum_columns!(),
            " FROM rollup WHERE caller = ?1 AND grain = ?",
            $grain,
            " AND start >= ?",
            $from,
            " AND start < ?",
            $to
        )
    };
}

const USAGE: &str = concat!(
    of_span!(2, 3, 4),
    " UNION ALL ",
    of_span!(5, 6, 7),
    " UNION ALL ",
    of_span!(8, 9, 10),
    " UNION ALL ",
    of_span!(11, 12, 13),
    " UNION ALL ",
    of_span!(14, 15, 16),
);

/// Adds up the rows of a span of time: those of calls first, then models by
/// name.
pub(super) async fn usage(
    pool: &SqlitePool,
    query: &UsageQuery,
    now: Timestamp,
) -> sqlx::Result<Vec<UsageSums>> {
    let caller = query.caller.as_ref().map_or("", Caller::as_str);
    let mut select = sqlx::query(USAGE).bind(caller);
    let spans = spans(query.from, query.to, now);
    for index in 0..MAX_SPANS {
        // A span that is not needed is empty.
        let span = spans.get(index);
        select = select
            .bind(span.map_or(0, |span| span.grain.number()))
            .bind(span.map_or(0, |span| span.from))
            .bind(span.map_or(0, |span| span.to));
    }
    let mut sums = vec![UsageSums::default()];
    for row in select.fetch_all(pool).await? {
        let mut columns = Columns::new(&row);
        let model = read_model(&mut columns)?;
        let more = read_sums(&mut columns)?;
        match sums.iter_mut().find(|sums| sums.model == model) {
            Some(sums) => absorb(sums, &more),
            None => sums.push(UsageSums { model, ..more }),
        }
    }
    sums.sort_by(|one, other| one.model.cmp(&other.model));
    Ok(sums)
}

const CALLERS: &str = "\
    SELECT caller, \
        COALESCE(SUM(count) FILTER (WHERE provider = ''), 0), \
        COALESCE(SUM(answered) FILTER (WHERE provider = ''), 0), \
        COALESCE(SUM(failed) FILTER (WHERE provider = ''), 0), \
        SUM(limited), SUM(hits), SUM(misses), \
        SUM(input), SUM(cache_read), SUM(cache_write_5m), SUM(cache_write_1h), SUM(output), \
        SUM(reasoning), SUM(cost), SUM(possible_cost), SUM(saved), SUM(unpriced) \
    FROM rollup WHERE caller <> '' AND ( \
        (grain = ?1 AND start >= ?2 AND start < ?3) OR (grain = ?4 AND start >= ?5 AND start < ?6) \
        OR (grain = ?7 AND start >= ?8 AND start < ?9) \
        OR (grain = ?10 AND start >= ?11 AND start < ?12) \
        OR (grain = ?13 AND start >= ?14 AND start < ?15)) \
    GROUP BY caller ORDER BY SUM(cost) DESC, caller LIMIT 100";

/// Adds up the rows of a span of time by caller.
pub(super) async fn callers(
    pool: &SqlitePool,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> sqlx::Result<Vec<(Caller, UsageSums)>> {
    let mut select = sqlx::query(CALLERS);
    let spans = spans(from, to, now);
    for index in 0..MAX_SPANS {
        let span = spans.get(index);
        select = select
            .bind(span.map_or(0, |span| span.grain.number()))
            .bind(span.map_or(0, |span| span.from))
            .bind(span.map_or(0, |span| span.to));
    }
    let mut callers = Vec::new();
    for row in select.fetch_all(pool).await? {
        let mut columns = Columns::new(&row);
        let caller = Caller::new(columns.take::<&str>()?);
        let sums = UsageSums {
            count: count(columns.take()?),
            answered: count(columns.take()?),
            failed: count(columns.take()?),
            limited: count(columns.take()?),
            hits: count(columns.take()?),
            misses: count(columns.take()?),
            tokens: TokenUsage {
                input: count(columns.take()?),
                cache_read: count(columns.take()?),
                cache_write_5m: count(columns.take()?),
                cache_write_1h: count(columns.take()?),
                output: count(columns.take()?),
                reasoning: count(columns.take()?),
            },
            cost: NanoUsd::new(columns.take()?),
            possible_cost: NanoUsd::new(columns.take()?),
            saved: NanoUsd::new(columns.take()?),
            unpriced: count(columns.take()?),
            ..UsageSums::default()
        };
        callers.push((caller, sums));
    }
    Ok(callers)
}

/// Reads what is spent in the periods around `now`.
pub(super) async fn spent(
    pool: &SqlitePool,
    now: Timestamp,
) -> sqlx::Result<Vec<(BudgetPeriod, NanoUsd)>> {
    let mut select = sqlx::query(
        "SELECT scope, period, start, spent, possible FROM budget \
         WHERE (period, start) IN (VALUES (?, ?), (?, ?), (?, ?), (?, ?))",
    );
    for window in WINDOWS {
        select = select
            .bind(window.as_str())
            .bind(window.start(now).as_microsecond());
    }
    let mut periods = Vec::new();
    for row in select.fetch_all(pool).await? {
        let mut columns = Columns::new(&row);
        let (scope, window): (&str, &str) = (columns.take()?, columns.take()?);
        let start = instant(columns.take()?);
        let spent = NanoUsd::new(columns.take()?).saturating_add(NanoUsd::new(columns.take()?));
        if let Some((scope, window)) = scope_named(scope).zip(window_named(window)) {
            let period = BudgetPeriod {
                scope,
                window,
                start,
            };
            periods.push((period, spent));
        }
    }
    Ok(periods)
}
