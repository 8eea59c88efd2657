//! Ratings that processes leave for each other.

use async_trait::async_trait;
use tokio::time::timeout_at;
use uuid::Uuid;

use super::PostgresStore;
use super::moment::Moment;
use super::pool::BACKGROUND;
use crate::domain::{Caller, PassedRating, RatingStore, Ratio, RequestId, StoreError};

/// The most that are read at once.
const MAX_LISTED: i64 = 1_000;

#[async_trait]
impl RatingStore for PostgresStore {
    async fn pass_on(&self, rating: &PassedRating) -> Result<bool, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query(
            "insert into passed_rating as known (request, caller, score, given_at) \
             select $1, $2, $3, least($4, clock_timestamp()) where exists (select from ledger \
             where request = $1 and caller = $2 and outcome = 'answered' \
             and started_at > clock_timestamp() - interval '1 day') \
             on conflict (request, caller) do update set \
             score = case when known.given_at > excluded.given_at \
             then known.score else excluded.score end, \
             given_at = greatest(known.given_at, excluded.given_at)",
        )
        .bind(Uuid::from_u128(rating.request.bits()))
        .bind(rating.caller.as_str())
        .bind(rating.score.get())
        .bind(Moment(rating.at));
        let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
        Ok(lease.end(outcome)?.rows_affected() == 1)
    }

    async fn passed_on(&self) -> Result<Vec<PassedRating>, StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let query = sqlx::query_as::<_, (Uuid, String, f64, Moment)>(
            "with gone as (delete from passed_rating \
             where given_at < clock_timestamp() - interval '1 day') \
             select request, caller, score, given_at from passed_rating \
             where given_at >= clock_timestamp() - interval '1 day' \
             order by row_number() over (partition by caller order by given_at desc), \
             given_at desc limit $1",
        )
        .bind(MAX_LISTED);
        let outcome = timeout_at(lease.until, query.fetch_all(&mut lease.connection)).await;
        let rows = lease.end(outcome)?;
        let read = |(request, caller, score, at): (Uuid, String, f64, Moment)| {
            Some(PassedRating {
                request: RequestId::from_bits(request.as_u128()),
                caller: Caller::new(caller),
                score: Ratio::try_from(score).ok()?,
                at: at.0,
            })
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    async fn take(&self, ratings: &[PassedRating]) -> Result<(), StoreError> {
        let mut lease = self.pool.lease(BACKGROUND).await?;
        let requests = ratings.iter().map(|it| Uuid::from_u128(it.request.bits()));
        let callers = ratings.iter().map(|it| it.caller.as_str());
        let scores = ratings.iter().map(|it| it.score.get());
        // One that was given anew meanwhile stays.
        let query = sqlx::query(
            "delete from passed_rating where (request, caller, score) in \
             (select * from unnest($1::uuid[], $2::text[], $3::double precision[]))",
        )
        .bind(requests.collect::<Vec<_>>())
        .bind(callers.collect::<Vec<_>>())
        .bind(scores.collect::<Vec<_>>());
        let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
        lease.end(outcome)?;
        Ok(())
    }
}
