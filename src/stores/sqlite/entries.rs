//! Cached answers.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};

use super::columns::Columns;
use super::{SqliteStore, tidy};
use crate::domain::{
    CacheKey, CacheScope, CacheStore, Caller, NearestQuery, NearestSearch, StoreError,
    StoredAnswer, StoredVector, VectorSpace, WalkMark,
};
use crate::stores::answers::{is_comparable, size_bytes, usable};
use crate::stores::codec::{count, instant, int};

/// How many answers are removed in one transaction, some milliseconds.
const CHUNK: i64 = 200;

/// The columns that [`read`] reads, the vector's aside.
macro_rules! columns {
    () => {
        "scope, key, alias_of, owner, stored_at, expires_at, body"
    };
}

#[async_trait]
impl CacheStore for SqliteStore {
    async fn find(
        &self,
        scope: CacheScope,
        key: CacheKey,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        const FIND: &str = concat!(
            "SELECT ",
            columns!(),
            ", NULL, NULL FROM cache_entry WHERE scope = ? AND key = ? AND expires_at > ?"
        );
        let row = sqlx::query(FIND)
            .bind(&scope.0[..])
            .bind(&key.0[..])
            .bind(now.as_microsecond())
            .fetch_optional(&self.readers)
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(row.as_ref().and_then(read))
    }

    fn nearest_search(&self) -> NearestSearch {
        NearestSearch::Owner
    }

    async fn nearest(
        &self,
        _query: NearestQuery<'_>,
    ) -> Result<Vec<(StoredAnswer, f32)>, StoreError> {
        Ok(Vec::new())
    }

    async fn put(&self, answer: &StoredAnswer) -> Result<(), StoreError> {
        replace(self, answer)
            .await
            .map_err(|error| self.fault(&error))?;
        self.room.note(size_bytes(answer));
        if self.room.take_due()
            && let Err(error) = make_room(self).await
        {
            // The answer is kept all the same.
            let error = self.fault(&error);
            tracing::warn!(%error, "old answers were not removed");
        }
        Ok(())
    }

    async fn evict(&self, scope: CacheScope, key: CacheKey) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM cache_entry WHERE scope = ? AND key = ?")
            .bind(&scope.0[..])
            .bind(&key.0[..])
            .execute(&self.writer)
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(())
    }

    async fn owners(&self) -> Result<Vec<Caller>, StoreError> {
        let names = sqlx::query_scalar::<_, String>("SELECT DISTINCT owner FROM cache_entry")
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(names.into_iter().map(Caller::new).collect())
    }

    async fn evict_owner(&self, owner: &Caller) -> Result<(), StoreError> {
        let chunk = || {
            sqlx::query(
                "DELETE FROM cache_entry WHERE rowid IN \
                 (SELECT rowid FROM cache_entry WHERE owner = ? LIMIT ?)",
            )
            .bind(owner.as_str().to_owned())
        };
        let removed = remove(self, chunk).await;
        removed.map_err(|error| self.fault(&error))
    }

    async fn walk(
        &self,
        mark: Option<WalkMark>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StoredAnswer>, StoreError> {
        const WALK: &str = concat!(
            "SELECT ",
            columns!(),
            ", space, vector FROM cache_entry \
             WHERE (stored_at, scope, key) < (?, ?, ?) AND expires_at > ? \
             ORDER BY stored_at DESC, scope DESC, key DESC LIMIT ?"
        );
        let start = WalkMark {
            stored_at: Timestamp::MAX,
            scope: CacheScope([u8::MAX; 32]),
            key: CacheKey([u8::MAX; 32]),
        };
        let mark = mark.unwrap_or(start);
        let rows = sqlx::query(WALK)
            .bind(mark.stored_at.as_microsecond())
            .bind(&mark.scope.0[..])
            .bind(&mark.key.0[..])
            .bind(now.as_microsecond())
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(rows.iter().filter_map(read).collect())
    }
}

/// Puts an answer in place of an older one. The aliases of that one go with
/// it; an alias of what is not there is not kept. The same answer is changed
/// where it is: its aliases stay, and its vector where it brings none.
async fn replace(store: &SqliteStore, answer: &StoredAnswer) -> sqlx::Result<()> {
    let vector = usable(answer);
    let alias_of = answer.alias_of.as_ref().map(|key| &key.0[..]);
    let mut transaction = store.begin().await?;
    sqlx::query(
        "DELETE FROM cache_entry WHERE scope = ? AND key = ? \
         AND (stored_at <> ? OR expires_at <> ? OR alias_of IS NOT ?)",
    )
    .bind(&answer.scope.0[..])
    .bind(&answer.key.0[..])
    .bind(answer.stored_at.as_microsecond())
    .bind(answer.expires_at.as_microsecond())
    .bind(alias_of)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "INSERT INTO cache_entry (scope, key, alias_of, owner, stored_at, expires_at, size, \
         space, vector, body) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE ?3 IS NULL \
         OR EXISTS (SELECT 1 FROM cache_entry WHERE scope = ?1 AND key = ?3) \
         ON CONFLICT (scope, key) DO UPDATE SET owner = excluded.owner, size = excluded.size, \
         space = coalesce(excluded.space, space), vector = coalesce(excluded.vector, vector), \
         body = excluded.body",
    )
    .bind(&answer.scope.0[..])
    .bind(&answer.key.0[..])
    .bind(alias_of)
    .bind(answer.owner.as_str())
    .bind(answer.stored_at.as_microsecond())
    .bind(answer.expires_at.as_microsecond())
    .bind(int(size_bytes(answer)))
    .bind(vector.map(|vector| &vector.space.0[..]))
    .bind(vector.map(|vector| write_vector(&vector.values)))
    .bind(&answer.body[..])
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// Reads a row; `None` if it is none of ours.
fn read(row: &SqliteRow) -> Option<StoredAnswer> {
    let mut columns = Columns::new(row);
    let scope: &[u8] = columns.take().ok()?;
    let key: &[u8] = columns.take().ok()?;
    let alias_of: Option<&[u8]> = columns.take().ok()?;
    let alias_of: Option<[u8; 32]> = alias_of.map(TryInto::try_into).transpose().ok()?;
    Some(StoredAnswer {
        scope: CacheScope(scope.try_into().ok()?),
        key: CacheKey(key.try_into().ok()?),
        alias_of: alias_of.map(CacheKey),
        owner: Caller::new(columns.take::<&str>().ok()?),
        stored_at: instant(columns.take().ok()?),
        expires_at: instant(columns.take().ok()?),
        body: columns.take().ok()?,
        vector: read_vector(&mut columns),
    })
}

fn write_vector(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// Reads a vector; `None` if there is none, or none that can be compared.
fn read_vector(columns: &mut Columns<'_>) -> Option<StoredVector> {
    let space: Option<&[u8]> = columns.take().ok()?;
    let bytes: Option<&[u8]> = columns.take().ok()?;
    let (values, rest) = bytes?.as_chunks();
    let values: Vec<f32> = values.iter().copied().map(f32::from_le_bytes).collect();
    (rest.is_empty() && is_comparable(&values)).then_some(())?;
    Some(StoredVector {
        space: VectorSpace(space?.try_into().ok()?),
        values,
    })
}

/// Removes what has expired, and what there is no room for.
pub(super) async fn tidy(store: &SqliteStore) -> sqlx::Result<()> {
    let now = store.clock.now().as_microsecond();
    let expired = || {
        sqlx::query(
            "DELETE FROM cache_entry WHERE rowid IN \
             (SELECT rowid FROM cache_entry WHERE expires_at < ? LIMIT ?)",
        )
        .bind(now)
    };
    remove(store, expired).await?;
    make_room(store).await
}

/// Removes the oldest answers where all together take too much, and lines of
/// the ledger where it is short of room with them.
async fn make_room(store: &SqliteStore) -> sqlx::Result<()> {
    let goal = store.room.goal();
    let kept: i64 = sqlx::query_scalar("SELECT coalesce(sum(size), 0) FROM cache_entry")
        .fetch_one(&store.readers)
        .await?;
    if count(kept) > goal {
        remove_beyond(store, goal).await?;
    }
    match store.trimmed_at {
        Some(max_bytes) => tidy::trim(store, max_bytes).await,
        None => Ok(()),
    }
}

/// Removes the answers that are older than the latest of `goal` bytes. What
/// the gateway keeps for itself is none, and nobody asks for it often.
async fn remove_beyond(store: &SqliteStore, goal: u64) -> sqlx::Result<()> {
    let last: Option<(i64, Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT stored_at, scope, key FROM (SELECT stored_at, scope, key, \
         sum(size) OVER (ORDER BY stored_at DESC, scope DESC, key DESC ROWS UNBOUNDED PRECEDING) \
         AS kept FROM cache_entry) WHERE kept > ? LIMIT 1",
    )
    .bind(int(goal))
    .fetch_optional(&store.readers)
    .await?;
    let Some((stored_at, scope, key)) = last else {
        return Ok(());
    };
    let older = || {
        sqlx::query(
            "DELETE FROM cache_entry WHERE rowid IN \
             (SELECT rowid FROM cache_entry WHERE (stored_at, scope, key) <= (?, ?, ?) \
              AND substr(owner, 1, 8) <> 'gateway:' \
              ORDER BY stored_at, scope, key LIMIT ?)",
        )
        .bind(stored_at)
        .bind(scope.clone())
        .bind(key.clone())
    };
    remove(store, older).await
}

/// Removes one chunk after the other until there is none, with statements
/// that end with the most rows to remove. Their aliases are not counted.
async fn remove<'q>(
    store: &SqliteStore,
    chunk: impl Fn() -> Query<'q, Sqlite, SqliteArguments>,
) -> sqlx::Result<()> {
    loop {
        let removed = chunk().bind(CHUNK).execute(&store.writer).await?;
        if removed.rows_affected() == 0 {
            return Ok(());
        }
    }
}
