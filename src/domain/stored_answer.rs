//! Answers that are kept, and the port to where they are.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Caller, StoreError};

/// What must be equal for one request's answer to serve another: a hash of
/// who may see it and of all that shapes it but the last message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheScope(pub [u8; 32]);

/// What identifies an answer within its scope: a hash of the last message in
/// its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey(pub [u8; 32]);

/// Which vectors may be compared: a hash of a scope with the version of the
/// embedder that made them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VectorSpace(pub [u8; 32]);

/// A question as a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredVector {
    /// What it may be compared with.
    pub space: VectorSpace,
    /// Its coordinates, of unit norm.
    pub values: Vec<f32>,
}

/// An answer as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    /// Who may see it.
    pub scope: CacheScope,
    /// What it answers.
    pub key: CacheKey,
    /// The entry that it repeats under another key, and that it ends with.
    pub alias_of: Option<CacheKey>,
    /// Whose question it was.
    pub owner: Caller,
    /// The answer, in a form that the cache alone knows.
    pub body: Vec<u8>,
    /// The question, where others of its meaning may be looked for.
    pub vector: Option<StoredVector>,
    /// When it was made.
    pub stored_at: Timestamp,
    /// When it ends to be an answer.
    pub expires_at: Timestamp,
}

/// A search for questions of similar meaning.
#[derive(Clone, Copy, Debug)]
pub struct NearestQuery<'a> {
    /// Where to look.
    pub space: VectorSpace,
    /// The question, of unit norm.
    pub vector: &'a [f32],
    /// The least cosine that counts.
    pub floor: f32,
    /// The most answers.
    pub limit: usize,
    /// What has expired by then is none.
    pub now: Timestamp,
}

/// How the store finds questions of similar meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NearestSearch {
    /// It does not: one process owns it, and may hold all of it.
    Owner,
    /// It does not, and several processes share it.
    Missing,
    /// Among the entries of all processes.
    Shared,
}

/// Where a walk through all answers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkMark {
    /// When the last one was stored.
    pub stored_at: Timestamp,
    /// Its scope.
    pub scope: CacheScope,
    /// Its key.
    pub key: CacheKey,
}

/// Stored answers.
#[async_trait]
pub trait CacheStore: Send + Sync {
    /// Finds the answer under `key` that has not expired at `now`, without its
    /// vector.
    ///
    /// # Errors
    /// [`StoreError`]; callers take it for a miss.
    async fn find(
        &self,
        scope: CacheScope,
        key: CacheKey,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError>;

    /// Tells who looks for similar questions. Never waits.
    fn nearest_search(&self) -> NearestSearch;

    /// Finds the answers whose questions are nearest, the nearest first, with
    /// their cosines and without their vectors; none unless
    /// [`CacheStore::nearest_search`] says [`NearestSearch::Shared`].
    ///
    /// # Errors
    /// [`StoreError`]; callers take it for a miss.
    async fn nearest(
        &self,
        query: NearestQuery<'_>,
    ) -> Result<Vec<(StoredAnswer, f32)>, StoreError>;

    /// Keeps an answer in place of an older one, whose aliases go. One of
    /// the same times is the same in another form: its aliases stay, and its
    /// vector if `answer` has none.
    ///
    /// # Errors
    /// [`StoreError`]; the answer is then not cached.
    async fn put(&self, answer: &StoredAnswer) -> Result<(), StoreError>;

    /// Forgets an answer and its aliases; one that is not there counts as
    /// forgotten.
    ///
    /// # Errors
    /// [`StoreError`]; the answer may still be there.
    async fn evict(&self, scope: CacheScope, key: CacheKey) -> Result<(), StoreError>;

    /// Lists whose answers are stored, expired ones among them.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    async fn owners(&self) -> Result<Vec<Caller>, StoreError>;

    /// Forgets all answers to questions of `owner`.
    ///
    /// # Errors
    /// [`StoreError`]; some may still be there.
    async fn evict_owner(&self, owner: &Caller) -> Result<(), StoreError>;

    /// Returns up to `limit` answers that have not expired at `now`, with
    /// their vectors, from the latest stored back to the oldest, going on
    /// after `mark`.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    async fn walk(
        &self,
        mark: Option<WalkMark>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StoredAnswer>, StoreError>;
}
