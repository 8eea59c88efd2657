//! Adding up roll-ups anew.

use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::{Connection as _, PgConnection, Row as _};
use uuid::Uuid;

use super::moment::Moment;
use super::sums::{self, MERGED, figures, read, read_model};
use crate::domain::{
    AttemptId, CacheOutcome, CacheStatus, Caller, Cost, LedgerEntry, NanoUsd, RequestId, Target,
    TokenUsage, Usage, UsageSource,
};
use crate::stores::codec::{count, duration, outcome_named};
use crate::stores::rollup::{Grain, RollUpKey, RollUps};

/// A rebuild takes as long as it takes, and waits for whoever is writing. All
/// writers share the lock that it takes.
const BEGIN: &str = "begin; set local statement_timeout = 0; set local lock_timeout = '10s'; \
    select pg_advisory_xact_lock(1095191888, -1)";
/// How many lines are added up at once.
const PAGE: usize = 2_000;

/// Adds up the roll-ups anew from the first day on of which all lines are
/// there. Writers wait meanwhile.
pub(super) async fn rebuild(connection: &mut PgConnection, writer: i16) -> sqlx::Result<()> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let since: Option<Moment> = sqlx::query_scalar(
        "select date_trunc('day', lines_from, 'UTC') + interval '1 day' from upkeep",
    )
    .fetch_optional(&mut *transaction)
    .await?;
    sqlx::query("delete from roll_up where grain <> 3 and ($1 is null or start >= $1)")
        .bind(since)
        .execute(&mut *transaction)
        .await?;
    let merged = merged(&mut transaction, since).await?;
    sums::add(&mut transaction, writer, merged.rows()).await?;
    let mut last = (Uuid::nil(), -1);
    loop {
        let rows = page(&mut transaction, since, last).await?;
        let lines: Vec<LedgerEntry> = rows.iter().map(line).collect::<Result<_, _>>()?;
        sums::add(&mut transaction, writer, RollUps::of(&lines).rows()).await?;
        match rows.last() {
            Some(row) if rows.len() == PAGE => {
                last = (row.try_get("request")?, row.try_get("attempt")?);
            }
            _ => break,
        }
    }
    transaction.commit().await
}

/// Reads the sums of lines that are in no ledger.
async fn merged(connection: &mut PgConnection, since: Option<Moment>) -> sqlx::Result<RollUps> {
    let rows = sqlx::query(concat!(
        "select caller, start, provider, model, ",
        figures!(),
        " from roll_up where grain = $1 and ($2 is null or start >= $2)"
    ))
    .bind(MERGED)
    .bind(since)
    .fetch_all(connection)
    .await?;
    let mut merged = RollUps::default();
    for row in &rows {
        let key = RollUpKey {
            caller: Some(Caller::new(row.try_get::<&str, _>("caller")?)),
            grain: Grain::Minute,
            start: row.try_get::<Moment, _>("start")?.0.as_second(),
            model: read_model(row)?,
        };
        merged.add_sums(key, &read(row)?);
    }
    Ok(merged)
}

/// Reads the next lines in the order of their ids.
async fn page(
    connection: &mut PgConnection,
    since: Option<Moment>,
    (request, attempt): (Uuid, i32),
) -> sqlx::Result<Vec<PgRow>> {
    sqlx::query(
        "select request, attempt, started_at, caller, coalesce(provider, '') as provider, \
         coalesce(model, '') as model, outcome, input, cache_read, cache_write_5m, \
         cache_write_1h, output, reasoning, usage_state, cost, possible, latency_ns, cache, \
         cache_saved, call_latency_ns from ledger \
         where (request, attempt) > ($1, $2) and ($3 is null or started_at >= $3) \
         order by request, attempt limit $4",
    )
    .bind(request)
    .bind(attempt)
    .bind(since)
    .bind(i64::try_from(PAGE).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
}

/// Reads of a line what is added up.
fn line(row: &PgRow) -> sqlx::Result<LedgerEntry> {
    let figure = |name: &str| row.try_get::<i64, _>(name).map(count);
    let cost: Option<i64> = row.try_get("cost")?;
    let saved: Option<i64> = row.try_get("cache_saved")?;
    let call_latency: Option<i64> = row.try_get("call_latency_ns")?;
    let is_estimated = row.try_get::<i16, _>("usage_state")? & 1 == 1;
    Ok(LedgerEntry {
        id: AttemptId {
            request: RequestId::from_bits(row.try_get::<Uuid, _>("request")?.as_u128()),
            attempt: row.try_get::<i32, _>("attempt")?.cast_unsigned(),
        },
        started_at: row.try_get::<Moment, _>("started_at")?.0,
        caller: Caller::new(row.try_get::<&str, _>("caller")?),
        group: None,
        target: read_model(row)?.map(|(provider, model)| Target {
            provider,
            model,
            effort: None,
        }),
        outcome: outcome_named(row.try_get("outcome")?),
        usage: Usage {
            tokens: TokenUsage {
                input: figure("input")?,
                cache_read: figure("cache_read")?,
                cache_write_5m: figure("cache_write_5m")?,
                cache_write_1h: figure("cache_write_1h")?,
                output: figure("output")?,
                reasoning: figure("reasoning")?,
            },
            source: if is_estimated {
                UsageSource::Estimated
            } else {
                UsageSource::Provider
            },
            is_inconsistent: false,
        },
        cost: cost.map_or(Cost::Unpriced, |nanos| Cost::Priced {
            amount: NanoUsd::new(nanos),
            is_incomplete: false,
        }),
        possible_cost: NanoUsd::new(row.try_get("possible")?),
        latency: duration(row.try_get("latency_ns")?),
        cache: CacheOutcome {
            status: match row.try_get("cache")? {
                "exact" => CacheStatus::Exact,
                "semantic" => CacheStatus::Semantic {
                    similarity: 0.0,
                    confidence: 0.0,
                },
                "miss" => CacheStatus::Miss,
                _ => CacheStatus::Bypass,
            },
            age: None,
            saved: saved.map(NanoUsd::new),
        },
        budgets: Arc::default(),
        call_latency: call_latency.map(duration),
    })
}
