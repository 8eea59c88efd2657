//! Cached answers, and what the router has learned.

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::timeout_at;

use super::PostgresStore;
use super::moment::Moment;
use super::pool::{BACKGROUND, REQUEST};
use crate::domain::{CacheKey, CacheScope, CacheStore, RoutingStore, StoreError, StoredAnswer};

#[async_trait]
impl CacheStore for PostgresStore {
    async fn find(
        &self,
        scope: CacheScope,
        key: CacheKey,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        let mut lease = self.pool.lease(REQUEST).await?;
        let query = sqlx::query_as::<_, (Vec<u8>, Moment, Moment)>(
            "select body, stored_at, expires_at from cache_entry \
             where scope = $1 and key = $2 and expires_at > $3",
        )
        .bind(&scope.0[..])
        .bind(&key.0[..])
        .bind(Moment(now));
        let outcome = timeout_at(lease.until, query.fetch_optional(&mut lease.connection)).await;
        let row = lease.end(outcome)?;
        Ok(row.map(|(body, stored_at, expires_at)| StoredAnswer {
            scope,
            key,
            body,
            stored_at: stored_at.0,
            expires_at: expires_at.0,
        }))
    }

    async fn put(&self, answer: &StoredAnswer) -> Result<(), StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query(
            "insert into cache_entry (scope, key, body, stored_at, expires_at) \
             values ($1, $2, $3, $4, $5) on conflict (scope, key) do update \
             set body = excluded.body, stored_at = excluded.stored_at, \
             expires_at = excluded.expires_at",
        )
        .bind(&answer.scope.0[..])
        .bind(&answer.key.0[..])
        .bind(&answer.body)
        .bind(Moment(answer.stored_at))
        .bind(Moment(answer.expires_at));
        let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
        lease.end(outcome)?;
        Ok(())
    }

    async fn evict(&self, scope: CacheScope, key: CacheKey) -> Result<(), StoreError> {
        let mut lease = self.pool.lease(REQUEST).await?;
        let query = sqlx::query("delete from cache_entry where scope = $1 and key = $2")
            .bind(&scope.0[..])
            .bind(&key.0[..]);
        let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
        lease.end(outcome)?;
        Ok(())
    }
}

#[async_trait]
impl RoutingStore for PostgresStore {
    async fn load(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query_scalar("select state from routing_state where id = 1");
        let outcome = timeout_at(lease.until, query.fetch_optional(&mut lease.connection)).await;
        Ok(lease.end(outcome)?)
    }

    async fn save(&self, state: &[u8]) -> Result<(), StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query(
            "insert into routing_state (id, state, saved_at) values (1, $1, clock_timestamp()) \
             on conflict (id) do update set state = excluded.state, saved_at = excluded.saved_at",
        )
        .bind(state);
        let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
        lease.end(outcome)?;
        Ok(())
    }
}
