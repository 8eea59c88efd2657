//! Vectors, where the database can compare them.
//!
//! They are sent and read as arrays of `real`, which every server knows; by
//! its name the type `vector` would have to be looked up once a connection,
//! and would not be found in a schema beside the search path.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// Instances that start at once take turns.
const BEGIN: &str = "begin; set local client_min_messages = warning; \
    select pg_advisory_xact_lock(1095191888, -2)";

/// Makes the table of vectors unless it is there, and returns the query for
/// the nearest of them. Without pgvector it says so in the log: that is no
/// reason not to start.
pub(super) async fn prepare(connection: &mut PgConnection) -> Option<Arc<str>> {
    match make(connection).await {
        Ok(schema) => Some(nearest(&schema).into()),
        Err(reason) => {
            tracing::warn!(
                reason,
                "the database has no pgvector, so each instance finds similar questions among \
                 its own alone; a superuser can `create extension vector`, and then start again"
            );
            None
        }
    }
}

/// Returns the schema of the extension, in quotes where it needs them.
///
/// # Errors
/// Why there is none, in words.
async fn make(connection: &mut PgConnection) -> Result<String, String> {
    let said = |error: sqlx::Error| error.to_string();
    let mut transaction = connection.begin_with(BEGIN).await.map_err(said)?;
    // In a transaction within, for it may fail: not everybody may do this.
    let mut attempt = transaction.begin().await.map_err(said)?;
    let made = sqlx::raw_sql("create extension if not exists vector")
        .execute(&mut *attempt)
        .await;
    let ended = match made {
        Ok(_) => attempt.commit().await,
        Err(_) => attempt.rollback().await,
    };
    ended.map_err(said)?;
    let schema: Option<String> = sqlx::query_scalar(
        "select quote_ident(n.nspname) from pg_extension e \
         join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'",
    )
    .fetch_optional(&mut *transaction)
    .await
    .map_err(said)?;
    let Some(schema) = schema else {
        return Err(made.err().map(said).unwrap_or_default());
    };
    make_table(&mut transaction, &schema).await.map_err(said)?;
    transaction.commit().await.map_err(said)?;
    Ok(schema)
}

/// Makes the table unless it is there. Whoever drops the extension takes the
/// vectors out of it.
async fn make_table(connection: &mut PgConnection, schema: &str) -> sqlx::Result<()> {
    let is_there: bool = sqlx::query_scalar(
        "select exists (select from pg_attribute where attrelid = to_regclass('cache_vector') \
         and attname = 'embedding' and not attisdropped)",
    )
    .fetch_one(&mut *connection)
    .await?;
    if is_there {
        return Ok(());
    }
    // Of any length, for another embedder may have another. There is no index
    // of neighbours: filtered by space after the search, it loses some.
    let make = format!(
        "drop table if exists cache_vector; \
         create table cache_vector ( \
             scope bytea not null, \
             key bytea not null, \
             space bytea not null, \
             expires_at timestamptz not null, \
             embedding {schema}.vector not null, \
             primary key (scope, key), \
             foreign key (scope, key) references cache_entry (scope, key) on delete cascade \
         ); \
         create index cache_vector_space on cache_vector (space, expires_at)"
    );
    sqlx::raw_sql(AssertSqlSafe(make))
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes the query for the nearest in a space. Lengths that differ cannot be
/// compared, and only `case` keeps the server from trying.
fn nearest(schema: &str) -> String {
    format!(
        "with q as materialized (select $2::real[]::{schema}.vector as embedding), \
         n as materialized ( \
             select scope, key, distance from ( \
                 select v.scope, v.key, \
                     case when {schema}.vector_dims(v.embedding) = cardinality($2::real[]) \
                     then v.embedding operator({schema}.<=>) q.embedding end as distance \
                 from cache_vector v cross join q where v.space = $1 and v.expires_at > $3 \
                 offset 0 \
             ) d where distance <= $4 order by distance, scope, key limit $5 \
         ) \
         select e.scope, e.key, e.alias_of, e.owner, e.stored_at, e.expires_at, e.body, \
             null::bytea as space, null::real[] as embedding, n.distance \
         from n join cache_entry e on e.scope = n.scope and e.key = n.key \
         where e.expires_at > $3 order by n.distance, e.scope, e.key"
    )
}
