//! What routers have learned.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout_at;
use uuid::Uuid;

use super::PostgresStore;
use super::pool::BACKGROUND;
use crate::domain::{KeptPart, PartName, PartVersion, RoutingStore, StoreError};
use crate::stores::codec::count;

/// What must not come undone waits for the disk: an owner whose part is gone
/// takes it to be folded.
const BEGIN: &str = "begin; set local synchronous_commit = on";

/// A row: name, version, microseconds since it was written, what is in it.
type Row = (Uuid, Uuid, i64, Option<Vec<u8>>);

#[async_trait]
impl RoutingStore for PostgresStore {
    async fn load_parts(&self, known: &[PartVersion]) -> Result<Vec<KeptPart>, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query_as(
            "select name, version, \
             (extract(epoch from clock_timestamp() - updated_at) * 1000000)::bigint, \
             case when version = any($1) then null else state end \
             from routing_part order by name",
        )
        .bind(uuids(known));
        let outcome = timeout_at(lease.until, query.fetch_all(&mut lease.connection)).await;
        let rows: Vec<Row> = lease.end(outcome)?;
        let read = |(name, version, silent_us, state): Row| KeptPart {
            name: PartName(name.as_u128()),
            version: PartVersion(version.as_u128()),
            silent: Duration::from_micros(count(silent_us)),
            state,
        };
        Ok(rows.into_iter().map(read).collect())
    }

    async fn put_part(&self, name: PartName, state: &[u8]) -> Result<PartVersion, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let outcome = timeout_at(lease.until, put(&mut lease.connection, name, state)).await;
        Ok(lease.end(outcome)?)
    }

    async fn replace_part(
        &self,
        name: PartName,
        state: &[u8],
    ) -> Result<Option<PartVersion>, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query_scalar(
            "update routing_part set state = $2, version = default, updated_at = default \
             where name = $1 returning version",
        )
        .bind(Uuid::from_u128(name.0))
        .bind(state);
        let outcome = timeout_at(lease.until, query.fetch_optional(&mut lease.connection)).await;
        let version: Option<Uuid> = lease.end(outcome)?;
        Ok(version.map(|version| PartVersion(version.as_u128())))
    }

    async fn fold_parts(
        &self,
        folded: &[PartVersion],
        name: PartName,
        state: &[u8],
    ) -> Result<bool, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let work = fold(&mut lease.connection, folded, name, state);
        let outcome = timeout_at(lease.until, work).await;
        Ok(lease.end(outcome)?)
    }
}

async fn put(
    connection: &mut PgConnection,
    name: PartName,
    state: &[u8],
) -> sqlx::Result<PartVersion> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let version: Uuid = sqlx::query_scalar(
        "insert into routing_part (name, state) values ($1, $2) on conflict (name) do update \
         set state = excluded.state, version = excluded.version, \
         updated_at = excluded.updated_at returning version",
    )
    .bind(Uuid::from_u128(name.0))
    .bind(state)
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(PartVersion(version.as_u128()))
}

/// Returns false where anything is not as it was read. Whoever writes or folds
/// one of the parts at the same time is waited for, and looked at again.
async fn fold(
    connection: &mut PgConnection,
    folded: &[PartVersion],
    name: PartName,
    state: &[u8],
) -> sqlx::Result<bool> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    // In the order of names, so that two never wait for each other in a circle.
    let locked =
        sqlx::query("select from routing_part where version = any($1) order by name for update")
            .bind(uuids(folded))
            .fetch_all(&mut *transaction)
            .await?;
    let mut is_done = false;
    if locked.len() == folded.len() {
        sqlx::query("delete from routing_part where version = any($1)")
            .bind(uuids(folded))
            .execute(&mut *transaction)
            .await?;
        let written = sqlx::query(
            "insert into routing_part (name, state) values ($1, $2) on conflict do nothing",
        )
        .bind(Uuid::from_u128(name.0))
        .bind(state)
        .execute(&mut *transaction)
        .await?;
        is_done = written.rows_affected() == 1;
    }
    if is_done {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(is_done)
}

fn uuids(versions: &[PartVersion]) -> Vec<Uuid> {
    let uuid = |version: &PartVersion| Uuid::from_u128(version.0);
    versions.iter().map(uuid).collect()
}
