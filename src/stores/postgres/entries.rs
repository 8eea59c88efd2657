//! Cached answers.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use tokio::time::timeout_at;

use super::PostgresStore;
use super::moment::Moment;
use super::pool::{BACKGROUND, REQUEST};
use crate::domain::{
    CacheKey, CacheScope, CacheStore, Caller, NearestQuery, NearestSearch, StoreError,
    StoredAnswer, StoredVector, VectorSpace, WalkMark,
};
use crate::stores::answers::{is_comparable, size_bytes, usable};
use crate::stores::codec::int;

/// The most answers that are removed at once.
const CHUNK: i64 = 1_000;

/// The columns that [`read`] reads, the vector's aside.
macro_rules! columns {
    () => {
        "scope, key, alias_of, owner, stored_at, expires_at, body"
    };
}

/// Begins the query of a walk.
macro_rules! page {
    () => {
        concat!(
            "select ",
            columns!(),
            " from cache_entry where (stored_at, scope, key) < ($1, $2, $3) and expires_at > $4 \
             order by stored_at desc, scope desc, key desc limit $5"
        )
    };
}

#[async_trait]
impl CacheStore for PostgresStore {
    async fn find(
        &self,
        scope: CacheScope,
        key: CacheKey,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        const FIND: &str = concat!(
            "select ",
            columns!(),
            ", null::bytea as space, null::real[] as embedding from cache_entry \
             where scope = $1 and key = $2 and expires_at > $3"
        );
        let mut lease = self.pool.lease(REQUEST).await?;
        let query = sqlx::query(FIND)
            .bind(&scope.0[..])
            .bind(&key.0[..])
            .bind(Moment(now));
        let outcome = timeout_at(lease.until, query.fetch_optional(&mut lease.connection)).await;
        let row = lease.end(outcome)?;
        Ok(row.as_ref().and_then(read))
    }

    fn nearest_search(&self) -> NearestSearch {
        if self.nearest.is_some() {
            NearestSearch::Shared
        } else {
            NearestSearch::Missing
        }
    }

    async fn nearest(
        &self,
        query: NearestQuery<'_>,
    ) -> Result<Vec<(StoredAnswer, f32)>, StoreError> {
        let Some(nearest) = self
            .nearest
            .as_ref()
            .filter(|_| is_comparable(query.vector))
        else {
            return Ok(Vec::new());
        };
        let mut lease = self.pool.lease(REQUEST).await?;
        let work = nearest_rows(&mut lease.connection, nearest, query);
        // A search may take its time, which says nothing about the server.
        let Ok(outcome) = timeout_at(lease.until, work).await else {
            return Err(StoreError("no answer in time".to_owned()));
        };
        let rows = lease.end(Ok(outcome))?;
        let hit = |row: &PgRow| {
            let distance: f64 = row.try_get("distance").ok()?;
            Some((read(row)?, (1.0 - distance) as f32))
        };
        Ok(rows.iter().filter_map(hit).collect())
    }

    async fn put(&self, answer: &StoredAnswer) -> Result<(), StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let work = replace(&mut lease.connection, answer, self.nearest.is_some());
        let outcome = timeout_at(lease.until, work).await;
        lease.end(outcome)?;
        self.room.note(size_bytes(answer));
        Ok(())
    }

    async fn evict(&self, scope: CacheScope, key: CacheKey) -> Result<(), StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query("delete from cache_entry where scope = $1 and key = $2")
            .bind(&scope.0[..])
            .bind(&key.0[..]);
        let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
        lease.end(outcome)?;
        Ok(())
    }

    async fn owners(&self) -> Result<Vec<Caller>, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query_scalar::<_, String>("select distinct owner from cache_entry");
        let outcome = timeout_at(lease.until, query.fetch_all(&mut lease.connection)).await;
        let names = lease.end(outcome)?;
        Ok(names.into_iter().map(Caller::new).collect())
    }

    async fn evict_owner(&self, owner: &Caller) -> Result<(), StoreError> {
        // What others remove meanwhile counts as well, so that this does not
        // end too early.
        const CHUNK_OF_OWNER: &str = "\
            with old as materialized (\
                select scope, key from cache_entry where owner = $1 limit $2), \
            gone as (\
                delete from cache_entry e using old where e.scope = old.scope and e.key = old.key) \
            select count(*) from old";
        loop {
            let mut lease = self.pool.lease(BACKGROUND).await?;
            let query = sqlx::query_scalar::<_, i64>(CHUNK_OF_OWNER)
                .bind(owner.as_str())
                .bind(CHUNK);
            let outcome = timeout_at(lease.until, query.fetch_one(&mut lease.connection)).await;
            if lease.end(outcome)? < CHUNK {
                return Ok(());
            }
        }
    }

    async fn walk(
        &self,
        mark: Option<WalkMark>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StoredAnswer>, StoreError> {
        const WITH_VECTORS: &str = concat!(
            "select e.*, v.space, v.embedding::real[] as embedding from (",
            page!(),
            ") e left join cache_vector v on v.scope = e.scope and v.key = e.key \
             order by e.stored_at desc, e.scope desc, e.key desc"
        );
        const WITHOUT: &str = concat!(
            "select e.*, null::bytea as space, null::real[] as embedding from (",
            page!(),
            ") e order by stored_at desc, scope desc, key desc"
        );
        let start = WalkMark {
            stored_at: Timestamp::MAX,
            scope: CacheScope([u8::MAX; 32]),
            key: CacheKey([u8::MAX; 32]),
        };
        let mark = mark.unwrap_or(start);
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query(if self.nearest.is_some() {
            WITH_VECTORS
        } else {
            WITHOUT
        })
        .bind(Moment(mark.stored_at))
        .bind(&mark.scope.0[..])
        .bind(&mark.key.0[..])
        .bind(Moment(now))
        .bind(i64::from(limit));
        let outcome = timeout_at(lease.until, query.fetch_all(&mut lease.connection)).await;
        let rows = lease.end(outcome)?;
        Ok(rows.iter().filter_map(read).collect())
    }
}

/// Reads the rows of a search, which the server ends before it is given up:
/// else it would go on for nobody.
async fn nearest_rows(
    connection: &mut PgConnection,
    nearest: &Arc<str>,
    query: NearestQuery<'_>,
) -> sqlx::Result<Vec<PgRow>> {
    const BEGIN: &str = "begin; set local statement_timeout = '200ms'";
    let mut transaction = connection.begin_with(BEGIN).await?;
    let rows = sqlx::query(AssertSqlSafe(Arc::clone(nearest)))
        .bind(&query.space.0[..])
        .bind(query.vector)
        .bind(Moment(query.now))
        .bind(1.0 - f64::from(query.floor))
        .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
        .fetch_all(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(rows)
}

/// Puts an answer in place of an older one. The aliases and the vector of
/// that one go with it; an alias of what is not there is not kept. The same
/// answer is changed where it is: its aliases stay, and its vector where it
/// brings none.
async fn replace(
    connection: &mut PgConnection,
    answer: &StoredAnswer,
    has_vectors: bool,
) -> sqlx::Result<()> {
    let alias_of = answer.alias_of.as_ref().map(|key| &key.0[..]);
    let mut transaction = connection.begin().await?;
    sqlx::query(
        "delete from cache_entry where scope = $1 and key = $2 \
         and (stored_at <> $3 or expires_at <> $4 or alias_of is distinct from $5)",
    )
    .bind(&answer.scope.0[..])
    .bind(&answer.key.0[..])
    .bind(Moment(answer.stored_at))
    .bind(Moment(answer.expires_at))
    .bind(alias_of)
    .execute(&mut *transaction)
    .await?;
    // Another instance may have put one there since.
    let kept = sqlx::query(
        "insert into cache_entry (scope, key, alias_of, owner, stored_at, expires_at, \
         size_bytes, body) select $1, $2, $3, $4, $5, $6, $7, $8 where $3 is null \
         or exists (select from cache_entry where scope = $1 and key = $3) \
         on conflict (scope, key) do update set alias_of = excluded.alias_of, \
         owner = excluded.owner, stored_at = excluded.stored_at, \
         expires_at = excluded.expires_at, size_bytes = excluded.size_bytes, \
         body = excluded.body",
    )
    .bind(&answer.scope.0[..])
    .bind(&answer.key.0[..])
    .bind(alias_of)
    .bind(answer.owner.as_str())
    .bind(Moment(answer.stored_at))
    .bind(Moment(answer.expires_at))
    .bind(int(size_bytes(answer)))
    .bind(&answer.body)
    .execute(&mut *transaction)
    .await?;
    let vector = usable(answer).filter(|_| has_vectors && kept.rows_affected() > 0);
    if let Some(vector) = vector {
        sqlx::query(
            "insert into cache_vector (scope, key, space, expires_at, embedding) \
             values ($1, $2, $3, $4, $5) on conflict (scope, key) do update \
             set space = excluded.space, expires_at = excluded.expires_at, \
             embedding = excluded.embedding",
        )
        .bind(&answer.scope.0[..])
        .bind(&answer.key.0[..])
        .bind(&vector.space.0[..])
        .bind(Moment(answer.expires_at))
        .bind(&vector.values)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

/// Reads a row; `None` if it is none of ours.
fn read(row: &PgRow) -> Option<StoredAnswer> {
    let scope: &[u8] = row.try_get("scope").ok()?;
    let key: &[u8] = row.try_get("key").ok()?;
    let alias_of: Option<&[u8]> = row.try_get("alias_of").ok()?;
    let alias_of: Option<[u8; 32]> = alias_of.map(TryInto::try_into).transpose().ok()?;
    Some(StoredAnswer {
        scope: CacheScope(scope.try_into().ok()?),
        key: CacheKey(key.try_into().ok()?),
        alias_of: alias_of.map(CacheKey),
        owner: Caller::new(row.try_get::<&str, _>("owner").ok()?),
        body: row.try_get("body").ok()?,
        vector: read_vector(row),
        stored_at: row.try_get::<Moment, _>("stored_at").ok()?.0,
        expires_at: row.try_get::<Moment, _>("expires_at").ok()?.0,
    })
}

/// Reads a vector; `None` if there is none, or none that can be compared.
fn read_vector(row: &PgRow) -> Option<StoredVector> {
    let space: &[u8] = row.try_get("space").ok()?;
    let values: Vec<f32> = row.try_get("embedding").ok()?;
    is_comparable(&values).then_some(())?;
    Some(StoredVector {
        space: VectorSpace(space.try_into().ok()?),
        values,
    })
}
