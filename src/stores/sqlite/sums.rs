//! The table of roll-ups.

use std::collections::HashMap;

use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::columns::{Columns, ManyRows, Values};
use crate::domain::{
    Caller, Latencies, LedgerEntry, ModelId, NanoUsd, ProviderName, TokenUsage, UsageSums,
};
use crate::stores::codec::{count, duration, int, nanos};
use crate::stores::queue::MergedEntries;
use crate::stores::rollup::{Grain, RollUpKey, RollUps, absorb};

/// The columns that [`bind_sums`] writes and [`read_sums`] reads.
macro_rules! sum_columns {
    () => {
        "count, answered, failed, limited, hits, misses, input, cache_read, cache_write_5m, \
         cache_write_1h, output, reasoning, cost, possible_cost, least_cost, most_cost, saved, \
         unpriced, estimated, latency_count, latency_sum, least_latency, most_latency, latencies"
    };
}
pub(super) use sum_columns;

/// How many columns that are.
const SUMS: usize = 24;

static INSERT_MERGED: ManyRows = ManyRows::new(
    concat!(
        "INSERT INTO merged (batch, caller, start, provider, model, ",
        sum_columns!(),
        ") VALUES "
    ),
    5 + SUMS,
    "",
);

static UPSERT: ManyRows = ManyRows::new(
    concat!(
        "INSERT INTO rollup (caller, grain, start, provider, model, ",
        sum_columns!(),
        ") VALUES "
    ),
    5 + SUMS,
    " ON CONFLICT DO UPDATE SET count = excluded.count, answered = excluded.answered, \
     failed = excluded.failed, limited = excluded.limited, hits = excluded.hits, \
     misses = excluded.misses, input = excluded.input, cache_read = excluded.cache_read, \
     cache_write_5m = excluded.cache_write_5m, cache_write_1h = excluded.cache_write_1h, \
     output = excluded.output, reasoning = excluded.reasoning, cost = excluded.cost, \
     possible_cost = excluded.possible_cost, least_cost = excluded.least_cost, \
     most_cost = excluded.most_cost, saved = excluded.saved, unpriced = excluded.unpriced, \
     estimated = excluded.estimated, latency_count = excluded.latency_count, \
     latency_sum = excluded.latency_sum, least_latency = excluded.least_latency, \
     most_latency = excluded.most_latency, latencies = excluded.latencies",
);

static SELECT: ManyRows = ManyRows::new(
    "WITH wanted (caller, grain, start, provider, model) AS (VALUES ",
    5,
    concat!(
        ") SELECT caller, grain, start, provider, model, ",
        sum_columns!(),
        " FROM wanted CROSS JOIN rollup USING (caller, grain, start, provider, model)"
    ),
);

/// The most rows that are remembered between writes, about 4 KiB each.
const MAX_REMEMBERED: usize = 2_000;

/// Rows as they stand in the table, so that adding to them takes no reading.
///
/// They hold as long as nobody else writes the file, which SQLite tells by
/// its `data_version`. A transaction takes them out and gives them back with
/// its commit; one that fails leaves nothing behind.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    rows: HashMap<RollUpKey, UsageSums>,
    version: i64,
}

impl Remembered {
    /// Takes out what still holds, inside a transaction that writes.
    pub(super) async fn take(&mut self, conn: &mut SqliteConnection) -> sqlx::Result<Self> {
        let version = sqlx::query_scalar("PRAGMA data_version")
            .fetch_one(conn)
            .await?;
        let mut taken = std::mem::take(self);
        taken.forget_beyond_bound();
        if taken.version != version {
            taken.rows.clear();
            taken.version = version;
        }
        Ok(taken)
    }

    /// Forgets everything if it has become too much.
    pub(super) fn forget_beyond_bound(&mut self) {
        if self.rows.len() > MAX_REMEMBERED {
            self.rows.clear();
        }
    }
}

/// Adds entries that are new to the roll-ups.
pub(super) async fn add_entries(
    transaction: &mut Transaction<'_, Sqlite>,
    known: &mut Remembered,
    entries: &[&LedgerEntry],
) -> sqlx::Result<()> {
    let sums = RollUps::of(entries.iter().copied());
    add(transaction, known, sums.rows()).await
}

/// Adds sums of entries that are not in the ledger, unless they were added
/// before.
pub(super) async fn add_merged(
    transaction: &mut Transaction<'_, Sqlite>,
    known: &mut Remembered,
    merged: &MergedEntries,
) -> sqlx::Result<()> {
    let batch = merged.id.bits().to_be_bytes().to_vec();
    let is_known: Option<i64> = sqlx::query_scalar("SELECT 1 FROM merged WHERE batch = ? LIMIT 1")
        .bind(&batch)
        .fetch_optional(&mut **transaction)
        .await?;
    if is_known.is_some() {
        return Ok(());
    }
    let minutes: Vec<_> = merged.sums.minutes().collect();
    let inserts = INSERT_MERGED.of(&minutes, |values, (key, sums)| {
        let (provider, model) = key.model_columns();
        values
            .bind(batch.as_slice())
            .bind(key.caller_column())
            .bind(key.start)
            .bind(provider)
            .bind(model);
        bind_sums(values, sums);
    });
    for insert in inserts {
        insert?.execute(&mut **transaction).await?;
    }
    add(transaction, known, merged.sums.rows()).await
}

/// Adds to rows of the table, and remembers what they come to.
pub(super) async fn add(
    conn: &mut SqliteConnection,
    known: &mut Remembered,
    mut sums: Vec<(RollUpKey, UsageSums)>,
) -> sqlx::Result<()> {
    recall(conn, known, &sums).await?;
    for (key, sums) in &mut sums {
        if let Some(stored) = known.rows.remove(key) {
            absorb(sums, &stored);
        }
    }
    let upserts = UPSERT.of(&sums, |values, (key, sums)| {
        bind_key(values, key);
        bind_sums(values, sums);
    });
    for upsert in upserts {
        upsert?.execute(&mut *conn).await?;
    }
    known.rows.extend(sums);
    Ok(())
}

/// Reads the rows that are not remembered.
async fn recall(
    conn: &mut SqliteConnection,
    known: &mut Remembered,
    sums: &[(RollUpKey, UsageSums)],
) -> sqlx::Result<()> {
    let missing: Vec<_> = sums
        .iter()
        .map(|(key, _)| key)
        .filter(|key| !known.rows.contains_key(key))
        .collect();
    for select in SELECT.of(&missing, |values, key| bind_key(values, key)) {
        for row in select?.fetch_all(&mut *conn).await? {
            let mut columns = Columns::new(&row);
            let key = read_key(&mut columns)?;
            known.rows.insert(key, read_sums(&mut columns)?);
        }
    }
    Ok(())
}

fn bind_key(values: &mut Values, key: &RollUpKey) {
    let (provider, model) = key.model_columns();
    values
        .bind(key.caller_column())
        .bind(key.grain.number())
        .bind(key.start)
        .bind(provider)
        .bind(model);
}

fn read_key(columns: &mut Columns<'_>) -> sqlx::Result<RollUpKey> {
    let caller: &str = columns.take()?;
    let number: i16 = columns.take()?;
    Ok(RollUpKey {
        caller: (!caller.is_empty()).then(|| Caller::new(caller)),
        grain: Grain::ALL
            .into_iter()
            .find(|grain| grain.number() == number)
            .unwrap_or(Grain::Day),
        start: columns.take()?,
        model: read_model(columns)?,
    })
}

/// Reads the two columns that name a model; `None` for those of calls.
pub(super) fn read_model(
    columns: &mut Columns<'_>,
) -> sqlx::Result<Option<(ProviderName, ModelId)>> {
    let (provider, model): (&str, &str) = (columns.take()?, columns.take()?);
    let is_named = !(provider.is_empty() && model.is_empty());
    Ok(is_named.then(|| (ProviderName::new(provider), ModelId::new(model))))
}

fn bind_sums(values: &mut Values, sums: &UsageSums) {
    let extremes = sums.cost_extremes;
    let latencies = &sums.latencies;
    let (least, most) = latencies.extremes().unwrap_or_default();
    for figure in [sums.count, sums.answered, sums.failed, sums.limited] {
        values.bind(int(figure));
    }
    values.bind(int(sums.hits)).bind(int(sums.misses));
    bind_tokens(values, &sums.tokens);
    values
        .bind(sums.cost.nanos())
        .bind(sums.possible_cost.nanos())
        .bind(extremes.map(|(least, _)| least.nanos()))
        .bind(extremes.map(|(_, most)| most.nanos()))
        .bind(sums.saved.nanos())
        .bind(int(sums.unpriced))
        .bind(int(sums.estimated))
        .bind(int(latencies.count()))
        .bind(nanos(latencies.sum()))
        .bind(nanos(least))
        .bind(nanos(most));
    // What was never added to needs no sketch.
    let is_empty = latencies.count() == 0;
    values.bind(if is_empty {
        Vec::new()
    } else {
        latencies.to_bytes()
    });
}

pub(super) fn bind_tokens(values: &mut Values, tokens: &TokenUsage) {
    values
        .bind(int(tokens.input))
        .bind(int(tokens.cache_read))
        .bind(int(tokens.cache_write_5m))
        .bind(int(tokens.cache_write_1h))
        .bind(int(tokens.output))
        .bind(int(tokens.reasoning));
}

pub(super) fn read_tokens(columns: &mut Columns<'_>) -> sqlx::Result<TokenUsage> {
    Ok(TokenUsage {
        input: count(columns.take()?),
        cache_read: count(columns.take()?),
        cache_write_5m: count(columns.take()?),
        cache_write_1h: count(columns.take()?),
        output: count(columns.take()?),
        reasoning: count(columns.take()?),
    })
}

/// Reads what [`bind_sums`] wrote, without the model's name.
pub(super) fn read_sums(columns: &mut Columns<'_>) -> sqlx::Result<UsageSums> {
    Ok(UsageSums {
        model: None,
        count: count(columns.take()?),
        answered: count(columns.take()?),
        failed: count(columns.take()?),
        limited: count(columns.take()?),
        hits: count(columns.take()?),
        misses: count(columns.take()?),
        tokens: read_tokens(columns)?,
        cost: NanoUsd::new(columns.take()?),
        possible_cost: NanoUsd::new(columns.take()?),
        cost_extremes: {
            let (least, most): (Option<i64>, Option<i64>) = (columns.take()?, columns.take()?);
            least.map(NanoUsd::new).zip(most.map(NanoUsd::new))
        },
        saved: NanoUsd::new(columns.take()?),
        unpriced: count(columns.take()?),
        estimated: count(columns.take()?),
        latencies: read_latencies(columns)?,
    })
}

fn read_latencies(columns: &mut Columns<'_>) -> sqlx::Result<Latencies> {
    let many = count(columns.take()?);
    let sum = duration(columns.take()?);
    let extremes = (duration(columns.take()?), duration(columns.take()?));
    let bytes: &[u8] = columns.take()?;
    // Without its sketch a row still counts, but for the quantiles.
    Ok(Latencies::from_parts(many, sum, extremes, bytes).unwrap_or_default())
}
