//! Ratings of answers that another process gave.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Caller, Ratio, RequestId, StoreError};

/// What a caller says of an answer, left for the process that gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct PassedRating {
    /// The call.
    pub request: RequestId,
    /// Who made it.
    pub caller: Caller,
    /// How good the answer was.
    pub score: Ratio,
    /// When that was said.
    pub at: Timestamp,
}

/// Where processes leave ratings for each other: only who answered knows what
/// was asked.
#[async_trait]
pub trait RatingStore: Send + Sync {
    /// Leaves a rating, if no later one of the call is there. False if the
    /// record of calls has no answer of the last day to such a call of that
    /// caller.
    ///
    /// # Errors
    /// [`StoreError`]; it may have been left all the same.
    async fn pass_on(&self, rating: &PassedRating) -> Result<bool, StoreError>;

    /// Lists the ratings of the last day that nobody has taken, a thousand at
    /// most: the latest of each caller before any caller's others.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn passed_on(&self) -> Result<Vec<PassedRating>, StoreError>;

    /// Removes ratings that are learned from, as they were listed.
    ///
    /// # Errors
    /// [`StoreError`]; learning from one again changes nothing.
    async fn take(&self, ratings: &[PassedRating]) -> Result<(), StoreError>;
}
