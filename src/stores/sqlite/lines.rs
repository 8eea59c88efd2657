//! The table of the ledger's lines.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::sqlite::SqliteRow;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::columns::{Columns, ManyRows, Values};
use super::sums::{bind_tokens, read_tokens};
use crate::domain::{
    AttemptId, BudgetPeriod, CacheOutcome, CacheStatus, Caller, Cost, LedgerEntry, ModelId,
    NanoUsd, ProviderName, RequestId, Target, Usage, UsageSource,
};
use crate::stores::codec::{duration, instant, nanos, outcome_name, outcome_named};

/// The columns that [`bind_line`] writes.
macro_rules! line_columns {
    () => {
        "started_at, request, attempt, caller, caller_group, provider, model, effort, outcome, \
         input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, is_estimated, \
         is_inconsistent, cost, cost_is_incomplete, possible_cost, latency, cache_status, \
         similarity, confidence, cache_age, saved, call_latency"
    };
}

static INSERT: ManyRows = ManyRows::new(
    concat!("INSERT INTO ledger (", line_columns!(), ") VALUES "),
    27,
    " ON CONFLICT DO NOTHING",
);

static ADD_SPENT: ManyRows = ManyRows::new(
    "INSERT INTO budget (scope, period, start, spent, possible) VALUES ",
    5,
    " ON CONFLICT DO UPDATE SET spent = spent + excluded.spent, \
     possible = possible + excluded.possible",
);

/// Adds lines, and tells whether all of them were new.
pub(super) async fn insert(
    conn: &mut SqliteConnection,
    entries: &[&LedgerEntry],
) -> sqlx::Result<bool> {
    let mut inserted = 0;
    for insert in INSERT.of(entries, |values, entry| bind_line(values, entry)) {
        inserted += insert?.execute(&mut *conn).await?.rows_affected();
    }
    Ok(inserted == entries.len() as u64)
}

/// Returns the entries that have no line yet, each once.
pub(super) async fn without_line<'a>(
    conn: &mut SqliteConnection,
    entries: &'a [LedgerEntry],
) -> sqlx::Result<Vec<&'a LedgerEntry>> {
    let mut seen = HashSet::with_capacity(entries.len());
    let mut fresh = Vec::new();
    for entry in entries {
        let line: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM ledger WHERE (started_at, request, attempt) = (?, ?, ?)",
        )
        .bind(entry.started_at.as_microsecond())
        .bind(request_column(entry.id.request))
        .bind(i64::from(entry.id.attempt))
        .fetch_optional(&mut *conn)
        .await?;
        if line.is_none() && seen.insert(entry.id) {
            fresh.push(entry);
        }
    }
    Ok(fresh)
}

/// Adds what entries cost to the periods of budgets that they count against.
pub(super) async fn add_spent(
    transaction: &mut Transaction<'_, Sqlite>,
    entries: &[&LedgerEntry],
) -> sqlx::Result<()> {
    let mut periods: HashMap<&BudgetPeriod, (NanoUsd, NanoUsd)> = HashMap::new();
    for entry in entries {
        for period in entry.budgets.iter() {
            let (spent, possible) = periods.entry(period).or_default();
            *spent = spent.saturating_add(entry.cost.amount().unwrap_or_default());
            *possible = possible.saturating_add(entry.possible_cost);
        }
    }
    let periods: Vec<_> = periods.into_iter().collect();
    let upserts = ADD_SPENT.of(&periods, |values, (period, (spent, possible))| {
        values
            .bind(period.scope.to_string())
            .bind(period.window.as_str())
            .bind(period.start.as_microsecond())
            .bind(spent.nanos())
            .bind(possible.nanos());
    });
    for upsert in upserts {
        upsert?.execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Where a line stands among the others.
#[derive(Clone, Debug)]
pub(super) struct Position {
    started_at: i64,
    request: Vec<u8>,
    attempt: i64,
}

impl Position {
    /// Stands before every line that began at `started_at` or later, in
    /// microseconds since the epoch.
    pub(super) const fn before(started_at: i64) -> Self {
        Self {
            started_at,
            request: Vec::new(),
            attempt: -1,
        }
    }

    fn of(entry: &LedgerEntry) -> Self {
        Self {
            started_at: entry.started_at.as_microsecond(),
            request: request_column(entry.id.request),
            attempt: entry.id.attempt.into(),
        }
    }
}

/// Reads up to `limit` lines behind `position`, and moves it to the last of
/// them. Budgets are not part of a line.
pub(super) async fn read_after(
    conn: &mut SqliteConnection,
    position: &mut Position,
    limit: i64,
) -> sqlx::Result<Vec<LedgerEntry>> {
    const SELECT: &str = concat!(
        "SELECT ",
        line_columns!(),
        " FROM ledger WHERE (started_at, request, attempt) > (?, ?, ?) \
         ORDER BY started_at, request, attempt LIMIT ?"
    );
    let rows = sqlx::query(SELECT)
        .bind(position.started_at)
        .bind(&position.request)
        .bind(position.attempt)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    let entries: Vec<_> = rows.iter().map(read_line).collect::<sqlx::Result<_>>()?;
    if let Some(last) = entries.last() {
        *position = Position::of(last);
    }
    Ok(entries)
}

fn request_column(request: RequestId) -> Vec<u8> {
    request.bits().to_be_bytes().to_vec()
}

fn bind_line(values: &mut Values, entry: &LedgerEntry) {
    let target = entry.target.as_ref();
    values
        .bind(entry.started_at.as_microsecond())
        .bind(request_column(entry.id.request))
        .bind(i64::from(entry.id.attempt))
        .bind(entry.caller.as_str())
        .bind(entry.group.as_deref())
        .bind(target.map(|target| target.provider.as_str()))
        .bind(target.map(|target| target.model.as_str()))
        .bind(
            target
                .and_then(|target| target.effort)
                .map(|effort| effort.as_str()),
        )
        .bind(outcome_name(entry.outcome));
    bind_tokens(values, &entry.usage.tokens);
    let (cost, is_incomplete) = match entry.cost {
        Cost::Priced {
            amount,
            is_incomplete,
        } => (Some(amount.nanos()), is_incomplete),
        Cost::Unpriced => (None, false),
    };
    let (status, similarity, confidence) = status_columns(entry.cache.status);
    values
        .bind(entry.usage.source == UsageSource::Estimated)
        .bind(entry.usage.is_inconsistent)
        .bind(cost)
        .bind(is_incomplete)
        .bind(entry.possible_cost.nanos())
        .bind(nanos(entry.latency))
        .bind(status)
        .bind(similarity)
        .bind(confidence)
        .bind(entry.cache.age.map(nanos))
        .bind(entry.cache.saved.map(NanoUsd::nanos))
        .bind(entry.call_latency.map(nanos));
}

fn read_line(row: &SqliteRow) -> sqlx::Result<LedgerEntry> {
    let mut columns = Columns::new(row);
    let started_at = instant(columns.take()?);
    let request: &[u8] = columns.take()?;
    let request = <[u8; 16]>::try_from(request).map(u128::from_be_bytes);
    Ok(LedgerEntry {
        id: AttemptId {
            request: RequestId::from_bits(request.unwrap_or_default()),
            attempt: columns.take::<i64>()?.try_into().unwrap_or_default(),
        },
        started_at,
        caller: Caller::new(columns.take::<&str>()?),
        group: columns.take::<Option<&str>>()?.map(Arc::from),
        target: read_target(&mut columns)?,
        outcome: outcome_named(columns.take()?),
        usage: Usage {
            tokens: read_tokens(&mut columns)?,
            source: if columns.take()? {
                UsageSource::Estimated
            } else {
                UsageSource::Provider
            },
            is_inconsistent: columns.take()?,
        },
        cost: read_cost(&mut columns)?,
        possible_cost: NanoUsd::new(columns.take()?),
        latency: duration(columns.take()?),
        cache: CacheOutcome {
            status: read_status(&mut columns)?,
            age: columns.take::<Option<i64>>()?.map(duration),
            saved: columns.take::<Option<i64>>()?.map(NanoUsd::new),
        },
        budgets: Arc::default(),
        call_latency: columns.take::<Option<i64>>()?.map(duration),
    })
}

fn read_target(columns: &mut Columns<'_>) -> sqlx::Result<Option<Target>> {
    let (provider, model): (Option<&str>, Option<&str>) = (columns.take()?, columns.take()?);
    let effort: Option<&str> = columns.take()?;
    Ok(provider.zip(model).map(|(provider, model)| Target {
        provider: ProviderName::new(provider),
        model: ModelId::new(model),
        effort: effort.and_then(|effort| effort.parse().ok()),
    }))
}

fn read_cost(columns: &mut Columns<'_>) -> sqlx::Result<Cost> {
    let amount: Option<i64> = columns.take()?;
    let is_incomplete = columns.take()?;
    Ok(amount.map_or(Cost::Unpriced, |amount| Cost::Priced {
        amount: NanoUsd::new(amount),
        is_incomplete,
    }))
}

const fn status_columns(status: CacheStatus) -> (&'static str, Option<f32>, Option<f32>) {
    match status {
        CacheStatus::Exact => ("exact", None, None),
        CacheStatus::Semantic {
            similarity,
            confidence,
        } => ("semantic", Some(similarity), Some(confidence)),
        CacheStatus::Miss => ("miss", None, None),
        CacheStatus::Bypass => ("bypass", None, None),
    }
}

fn read_status(columns: &mut Columns<'_>) -> sqlx::Result<CacheStatus> {
    let status: &str = columns.take()?;
    let (similarity, confidence): (Option<f32>, Option<f32>) = (columns.take()?, columns.take()?);
    Ok(match status {
        "exact" => CacheStatus::Exact,
        "semantic" => CacheStatus::Semantic {
            similarity: similarity.unwrap_or_default(),
            confidence: confidence.unwrap_or_default(),
        },
        "miss" => CacheStatus::Miss,
        _ => CacheStatus::Bypass,
    })
}
