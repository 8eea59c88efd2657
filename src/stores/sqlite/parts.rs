//! What routers have learned.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::SqliteStore;
use super::columns::Columns;
use crate::domain::{KeptPart, PartName, PartVersion, RoutingStore, StoreError};
use crate::stores::codec::count;

#[async_trait]
impl RoutingStore for SqliteStore {
    async fn load_parts(&self, known: &[PartVersion]) -> Result<Vec<KeptPart>, StoreError> {
        let known: Vec<String> = known
            .iter()
            .map(|version| format!("\"{:032X}\"", version.0))
            .collect();
        let rows = sqlx::query(
            "SELECT name, version, ?1 - updated_at, \
             CASE WHEN hex(version) IN (SELECT value FROM json_each(?2)) THEN NULL ELSE state END \
             FROM routing_part ORDER BY name",
        )
        .bind(self.clock.now().as_microsecond())
        .bind(format!("[{}]", known.join(",")))
        .fetch_all(&self.readers)
        .await
        .map_err(|error| self.fault(&error))?;
        Ok(rows.iter().filter_map(read).collect())
    }

    async fn put_part(&self, name: PartName, state: &[u8]) -> Result<PartVersion, StoreError> {
        let version = fresh_version();
        sqlx::query(
            "INSERT INTO routing_part (name, version, updated_at, state) VALUES (?, ?, ?, ?) \
             ON CONFLICT (name) DO UPDATE SET version = excluded.version, \
             updated_at = excluded.updated_at, state = excluded.state",
        )
        .bind(&name.0.to_be_bytes()[..])
        .bind(&version.0.to_be_bytes()[..])
        .bind(self.clock.now().as_microsecond())
        .bind(state)
        .execute(&self.writer)
        .await
        .map_err(|error| self.fault(&error))?;
        Ok(version)
    }

    async fn replace_part(
        &self,
        name: PartName,
        state: &[u8],
    ) -> Result<Option<PartVersion>, StoreError> {
        let version = fresh_version();
        let written = sqlx::query(
            "UPDATE routing_part SET version = ?, updated_at = ?, state = ? WHERE name = ?",
        )
        .bind(&version.0.to_be_bytes()[..])
        .bind(self.clock.now().as_microsecond())
        .bind(state)
        .bind(&name.0.to_be_bytes()[..])
        .execute(&self.writer)
        .await
        .map_err(|error| self.fault(&error))?;
        Ok((written.rows_affected() > 0).then_some(version))
    }

    async fn fold_parts(
        &self,
        folded: &[PartVersion],
        name: PartName,
        state: &[u8],
    ) -> Result<bool, StoreError> {
        fold(self, folded, name, state)
            .await
            .map_err(|error| self.fault(&error))
    }
}

/// Returns false where anything is not as it was read; the transaction is
/// then given up.
async fn fold(
    store: &SqliteStore,
    folded: &[PartVersion],
    name: PartName,
    state: &[u8],
) -> sqlx::Result<bool> {
    let mut transaction = store.begin().await?;
    for version in folded {
        let removed = sqlx::query("DELETE FROM routing_part WHERE version = ?")
            .bind(&version.0.to_be_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(false);
        }
    }
    let written = sqlx::query(
        "INSERT INTO routing_part (name, version, updated_at, state) \
         VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(&name.0.to_be_bytes()[..])
    .bind(&fresh_version().0.to_be_bytes()[..])
    .bind(store.clock.now().as_microsecond())
    .bind(state)
    .execute(&mut *transaction)
    .await?;
    if written.rows_affected() == 0 {
        return Ok(false);
    }
    transaction.commit().await?;
    Ok(true)
}

/// Reads a row; `None` if it is none of ours.
fn read(row: &SqliteRow) -> Option<KeptPart> {
    let mut columns = Columns::new(row);
    Some(KeptPart {
        name: PartName(bits(columns.take().ok()?)?),
        version: PartVersion(bits(columns.take().ok()?)?),
        silent: Duration::from_micros(count(columns.take().ok()?)),
        state: columns.take().ok()?,
    })
}

fn fresh_version() -> PartVersion {
    PartVersion(Uuid::new_v4().as_u128())
}

fn bits(bytes: &[u8]) -> Option<u128> {
    Some(u128::from_be_bytes(bytes.try_into().ok()?))
}
