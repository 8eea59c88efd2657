//! The table of roll-ups. Each instance adds to rows of its own, and whoever
//! reads adds them up.

use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::moment::Moment;
use crate::domain::{Latencies, ModelId, NanoUsd, ProviderName, TokenUsage, UsageSums};
use crate::stores::codec::{count, duration, instant_of_second, int, nanos};
use crate::stores::rollup::{RollUpKey, RollUps, absorb};

/// How many figures there are in [`figures!`].
const FIGURES: usize = 21;

/// The figures of a row, in the order of [`figures_of`].
macro_rules! figures {
    () => {
        "array[count, answered, failed, limited, hits, misses, input, cache_read, \
         cache_write_5m, cache_write_1h, output, reasoning, cost, possible, saved, unpriced, \
         estimated, latency_count, latency_sum_ns, least_latency_ns, most_latency_ns] as figures, \
         least_cost, most_cost, latencies"
    };
}
pub(super) use figures;

/// Keys, column by column.
#[derive(Debug, Default)]
struct Keys {
    callers: Vec<String>,
    grains: Vec<i16>,
    starts: Vec<Moment>,
    providers: Vec<String>,
    models: Vec<String>,
}

/// Stands for the grain of minutes whose lines are in no ledger.
pub(super) const MERGED: i16 = 3;

impl Keys {
    fn of(rows: &[(RollUpKey, UsageSums)], grain: Option<i16>) -> Self {
        let mut keys = Self::default();
        for (key, _) in rows {
            let (provider, model) = key.model_columns();
            keys.callers.push(key.caller_column().to_owned());
            keys.grains
                .push(grain.unwrap_or_else(|| key.grain.number()));
            keys.starts.push(Moment(instant_of_second(key.start)));
            keys.providers.push(provider.to_owned());
            keys.models.push(model.to_owned());
        }
        keys
    }
}

/// Adds to the rows of a writer, which the transaction has locked.
pub(super) async fn add(
    connection: &mut PgConnection,
    writer: i16,
    rows: Vec<(RollUpKey, UsageSums)>,
) -> sqlx::Result<()> {
    add_as(connection, writer, rows, None).await
}

/// Keeps sums of lines that are in no ledger, so that roll-ups can be made
/// anew.
pub(super) async fn keep_merged(
    connection: &mut PgConnection,
    writer: i16,
    merged: &RollUps,
) -> sqlx::Result<()> {
    let minutes = merged.minutes();
    let minutes = minutes.map(|(key, sums)| (key, sums.clone())).collect();
    add_as(connection, writer, minutes, Some(MERGED)).await
}

async fn add_as(
    connection: &mut PgConnection,
    writer: i16,
    mut rows: Vec<(RollUpKey, UsageSums)>,
    grain: Option<i16>,
) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let keys = Keys::of(&rows, grain);
    let stored = stored(&mut *connection, writer, &keys).await?;
    let (mut least, mut most, mut sketches) = (Vec::new(), Vec::new(), Vec::new());
    let mut all = Vec::with_capacity(rows.len() * FIGURES);
    // The server returns them in the order of the keys.
    for ((_, sums), stored) in rows.iter_mut().zip(&stored) {
        if let Some(stored) = stored {
            absorb(sums, stored);
        }
        all.extend(figures_of(sums));
        least.push(sums.cost_extremes.map(|(least, _)| least.nanos()));
        most.push(sums.cost_extremes.map(|(_, most)| most.nanos()));
        // What was never added to needs no sketch.
        let is_empty = sums.latencies.count() == 0;
        sketches.push(if is_empty {
            Vec::new()
        } else {
            sums.latencies.to_bytes()
        });
    }
    sqlx::query(include_str!("replace_sums.sql"))
        .bind(&keys.callers)
        .bind(&keys.grains)
        .bind(&keys.starts)
        .bind(&keys.providers)
        .bind(&keys.models)
        .bind(writer)
        .bind(&all)
        .bind(&least)
        .bind(&most)
        .bind(&sketches)
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns a writer's rows of the keys; `None` where there is none yet.
async fn stored(
    connection: &mut PgConnection,
    writer: i16,
    keys: &Keys,
) -> sqlx::Result<Vec<Option<UsageSums>>> {
    let rows = sqlx::query(concat!(
        "select r.writer, ",
        figures!(),
        " from unnest($1::text[], $2::smallint[], $3::timestamptz[], $4::text[], $5::text[]) \
         with ordinality k(caller, grain, start, provider, model, n) \
         left join roll_up r on r.caller = k.caller and r.grain = k.grain \
         and r.start = k.start and r.provider = k.provider and r.model = k.model \
         and r.writer = $6 order by k.n"
    ))
    .bind(&keys.callers)
    .bind(&keys.grains)
    .bind(&keys.starts)
    .bind(&keys.providers)
    .bind(&keys.models)
    .bind(writer)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let writer: Option<i16> = row.try_get("writer")?;
            writer.map(|_| read(row)).transpose()
        })
        .collect()
}

fn figures_of(sums: &UsageSums) -> [i64; FIGURES] {
    let tokens = &sums.tokens;
    let latencies = &sums.latencies;
    let (least, most) = latencies.extremes().unwrap_or_default();
    [
        int(sums.count),
        int(sums.answered),
        int(sums.failed),
        int(sums.limited),
        int(sums.hits),
        int(sums.misses),
        int(tokens.input),
        int(tokens.cache_read),
        int(tokens.cache_write_5m),
        int(tokens.cache_write_1h),
        int(tokens.output),
        int(tokens.reasoning),
        sums.cost.nanos(),
        sums.possible_cost.nanos(),
        sums.saved.nanos(),
        int(sums.unpriced),
        int(sums.estimated),
        int(latencies.count()),
        nanos(latencies.sum()),
        nanos(least),
        nanos(most),
    ]
}

/// Reads the columns of [`figures!`], without the model's name.
pub(super) fn read(row: &PgRow) -> sqlx::Result<UsageSums> {
    let mut figures = row.try_get::<Vec<i64>, _>("figures")?.into_iter();
    let mut next = || figures.next().unwrap_or_default();
    let extremes: (Option<i64>, Option<i64>) =
        (row.try_get("least_cost")?, row.try_get("most_cost")?);
    Ok(UsageSums {
        model: None,
        count: count(next()),
        answered: count(next()),
        failed: count(next()),
        limited: count(next()),
        hits: count(next()),
        misses: count(next()),
        tokens: TokenUsage {
            input: count(next()),
            cache_read: count(next()),
            cache_write_5m: count(next()),
            cache_write_1h: count(next()),
            output: count(next()),
            reasoning: count(next()),
        },
        cost: NanoUsd::new(next()),
        possible_cost: NanoUsd::new(next()),
        saved: NanoUsd::new(next()),
        unpriced: count(next()),
        estimated: count(next()),
        cost_extremes: extremes
            .0
            .map(NanoUsd::new)
            .zip(extremes.1.map(NanoUsd::new)),
        latencies: {
            let (many, sum) = (count(next()), duration(next()));
            let ends = (duration(next()), duration(next()));
            let bytes: &[u8] = row.try_get("latencies")?;
            // Without its sketch a row still counts, but for the quantiles.
            Latencies::from_parts(many, sum, ends, bytes).unwrap_or_default()
        },
    })
}

/// Reads the two columns that name a model; `None` for those of calls.
pub(super) fn read_model(row: &PgRow) -> sqlx::Result<Option<(ProviderName, ModelId)>> {
    let (provider, model): (&str, &str) = (row.try_get("provider")?, row.try_get("model")?);
    let is_named = !(provider.is_empty() && model.is_empty());
    Ok(is_named.then(|| (ProviderName::new(provider), ModelId::new(model))))
}
