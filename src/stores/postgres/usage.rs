//! What the ledger's lines come to, read from roll-ups.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use tokio::time::timeout_at;

use super::PostgresStore;
use super::moment::Moment;
use super::pool::BACKGROUND;
use super::sums::{figures, read, read_model};
use super::words::span;
use crate::domain::{
    BudgetPeriod, Caller, NanoUsd, StoreError, StoreState, TokenUsage, UsageQuery, UsageStore,
    UsageSums,
};
use crate::stores::codec::{WINDOWS, instant_of_second, scope_named};
use crate::stores::rollup::absorb;
use crate::stores::spans::spans;

#[async_trait]
impl UsageStore for PostgresStore {
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageSums>, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let work = usage(&mut lease.connection, query, self.clock.now());
        let outcome = timeout_at(lease.until, work).await;
        Ok(lease.end(outcome)?)
    }

    async fn callers(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Caller, UsageSums)>, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let work = callers(&mut lease.connection, (from, to), self.clock.now());
        let outcome = timeout_at(lease.until, work).await;
        Ok(lease.end(outcome)?)
    }

    async fn spent(&self, now: Timestamp) -> Result<Vec<(BudgetPeriod, NanoUsd)>, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let spans: Vec<i16> = WINDOWS.iter().map(|window| span(*window)).collect();
        let starts: Vec<Moment> = WINDOWS
            .iter()
            .map(|window| Moment(window.start(now)))
            .collect();
        let query = sqlx::query_as::<_, (String, i16, Moment, i64)>(
            "select b.scope, b.span, b.start, b.spent + b.possible \
             from unnest($1::smallint[], $2::timestamptz[]) as w(span, start) \
             join budget b on b.span = w.span and b.start >= w.start order by b.id",
        )
        .bind(&spans)
        .bind(&starts);
        let outcome = timeout_at(lease.until, query.fetch_all(&mut lease.connection)).await;
        let rows = lease.end(outcome)?;
        let period = |(scope, number, start, spent): (String, i16, Moment, i64)| {
            let period = BudgetPeriod {
                scope: scope_named(&scope)?,
                window: WINDOWS.into_iter().find(|window| span(*window) == number)?,
                start: start.0,
            };
            Some((period, NanoUsd::new(spent)))
        };
        Ok(rows.into_iter().filter_map(period).collect())
    }

    fn state(&self) -> StoreState {
        self.pool.gate.health.state(self.kind())
    }
}

/// Adds up the rows of a span of time: those of calls first, then models by
/// name.
async fn usage(
    connection: &mut PgConnection,
    query: &UsageQuery,
    now: Timestamp,
) -> sqlx::Result<Vec<UsageSums>> {
    let spans = spans(query.from, query.to, now);
    let grains: Vec<i16> = spans.iter().map(|span| span.grain.number()).collect();
    let moment = |second| Moment(instant_of_second(second));
    let starts: Vec<Moment> = spans.iter().map(|span| moment(span.from)).collect();
    let ends: Vec<Moment> = spans.iter().map(|span| moment(span.to)).collect();
    let rows = sqlx::query(concat!(
        "select provider, model, ",
        figures!(),
        " from unnest($2::smallint[], $3::timestamptz[], $4::timestamptz[]) as s(grain, a, z) \
         join roll_up r on r.caller = $1 and r.grain = s.grain and r.start >= s.a \
         and r.start < s.z"
    ))
    .bind(query.caller.as_ref().map_or("", Caller::as_str))
    .bind(&grains)
    .bind(&starts)
    .bind(&ends)
    .fetch_all(connection)
    .await?;
    let mut sums = vec![UsageSums::default()];
    for row in &rows {
        let model = read_model(row)?;
        let more = read(row)?;
        match sums.iter_mut().find(|sums| sums.model == model) {
            Some(sums) => absorb(sums, &more),
            None => sums.push(UsageSums { model, ..more }),
        }
    }
    sums.sort_by(|one, other| one.model.cmp(&other.model));
    Ok(sums)
}

/// Adds up the rows of a span of time by caller.
async fn callers(
    connection: &mut PgConnection,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> sqlx::Result<Vec<(Caller, UsageSums)>> {
    let spans = spans(from, to, now);
    let grains: Vec<i16> = spans.iter().map(|span| span.grain.number()).collect();
    let moment = |second| Moment(instant_of_second(second));
    let starts: Vec<Moment> = spans.iter().map(|span| moment(span.from)).collect();
    let ends: Vec<Moment> = spans.iter().map(|span| moment(span.to)).collect();
    let rows = sqlx::query(
        "select caller, \
             array[coalesce(sum(count) filter (where provider = ''), 0), \
                 coalesce(sum(answered) filter (where provider = ''), 0), \
                 coalesce(sum(failed) filter (where provider = ''), 0), \
                 sum(limited), sum(hits), sum(misses), sum(input), sum(cache_read), \
                 sum(cache_write_5m), sum(cache_write_1h), sum(output), sum(reasoning), \
                 sum(cost), sum(possible), sum(saved), sum(unpriced)]::bigint[] as sums \
         from unnest($1::smallint[], $2::timestamptz[], $3::timestamptz[]) as s(grain, a, z) \
         join roll_up r on r.grain = s.grain and r.start >= s.a and r.start < s.z \
         where caller <> '' group by caller order by sum(cost) desc, caller limit 100",
    )
    .bind(&grains)
    .bind(&starts)
    .bind(&ends)
    .fetch_all(connection)
    .await?;
    let caller = |row: &PgRow| {
        let name: String = row.try_get("caller")?;
        let sums: Vec<i64> = row.try_get("sums")?;
        Ok((Caller::new(name), of_caller(&sums)))
    };
    rows.iter().map(caller).collect()
}

fn of_caller(sums: &[i64]) -> UsageSums {
    let at = |place: usize| sums.get(place).copied().unwrap_or_default();
    let count = |place: usize| u64::try_from(at(place)).unwrap_or_default();
    UsageSums {
        count: count(0),
        answered: count(1),
        failed: count(2),
        limited: count(3),
        hits: count(4),
        misses: count(5),
        tokens: TokenUsage {
            input: count(6),
            cache_read: count(7),
            cache_write_5m: count(8),
            cache_write_1h: count(9),
            output: count(10),
            reasoning: count(11),
        },
        cost: NanoUsd::new(at(12)),
        possible_cost: NanoUsd::new(at(13)),
        saved: NanoUsd::new(at(14)),
        unpriced: count(15),
        ..UsageSums::default()
    }
}
