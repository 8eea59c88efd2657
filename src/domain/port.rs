//! The ports: small traits through which the gateway reaches the world.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use thiserror::Error;
use tokio::time::Instant;

use super::{
    BudgetPeriod, CacheStatus, Caller, Chunk, CompletionRequest, Draw, Grant, Hold, LedgerEntry,
    LimitRefusal, ListedModel, ModelSpec, NanoUsd, ProviderAnswer, ProviderError, ProviderName,
    Settlement, Target, UsageQuery, UsageSums,
};

/// The time of day. Waiting and measuring go by [`Instant`] instead.
pub trait Clock: Send + Sync {
    /// Returns the present moment in UTC.
    fn now(&self) -> Timestamp;
}

/// One attempt as a provider sees it.
#[derive(Clone, Copy, Debug)]
pub struct ProviderCall<'a> {
    /// What the caller asked.
    pub request: &'a CompletionRequest,
    /// Whom to ask.
    pub target: &'a Target,
    /// What the model takes.
    pub spec: &'a ModelSpec,
    /// When the whole answer must be there, or the first of it to be shown.
    pub deadline: Instant,
    /// When an answer must be whole of which something was shown by
    /// `deadline`.
    pub end: Instant,
    /// Where the answer goes piece by piece while it is made; `None` where
    /// only the whole of it is wanted.
    pub sink: Option<&'a dyn ChunkSink>,
}

/// Takes an answer piece by piece.
#[async_trait]
pub trait ChunkSink: fmt::Debug + Send + Sync {
    /// Takes a piece of what `target` answers, and waits while the reader is
    /// behind.
    async fn push(&self, target: &Target, chunk: Chunk);

    /// Tells whether anything was shown.
    fn has_begun(&self) -> bool {
        false
    }

    /// Takes note of what the model wrote that is not shown as it comes:
    /// thoughts and the arguments of calls, which are billed all the same.
    fn unseen(&self, text: &str) {
        let _ = text;
    }

    /// Takes note of how the cache took part, before anybody is asked.
    fn looked_up(&self, status: CacheStatus) {
        let _ = status;
    }

    /// Takes note of what the model that is about to be asked does not take.
    fn dropped(&self, parameters: &[&'static str]) {
        let _ = parameters;
    }
}

impl ProviderCall<'_> {
    /// Tells who waits for pieces what the model does not take.
    pub fn tell_dropped(&self, parameters: &[&'static str]) {
        if let Some(sink) = self.sink {
            sink.dropped(parameters);
        }
    }
}

/// A vendor.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Returns the vendor's name.
    fn name(&self) -> &ProviderName;

    /// Makes one attempt and waits for the whole answer, which also goes to
    /// the call's sink as it comes, if there is one. Never retries.
    /// Dropping the future cancels the vendor's work as far as the vendor
    /// lets us.
    ///
    /// # Errors
    /// [`ProviderError`] for anything but a whole, understood answer.
    async fn complete(&self, call: ProviderCall<'_>) -> Result<ProviderAnswer, ProviderError>;

    /// Asks for a sign of life and of a key that works, which costs nothing.
    /// Ends by `deadline`.
    ///
    /// # Errors
    /// [`ProviderError`] if the vendor does not give it.
    async fn probe(&self, deadline: Instant) -> Result<(), ProviderError>;

    /// Asks for the whole list of models, in the vendor's order. Ends by
    /// `deadline`.
    ///
    /// # Errors
    /// [`ProviderError`] if the vendor does not give it, or has none.
    async fn list_models(&self, deadline: Instant) -> Result<Vec<ListedModel>, ProviderError>;
}

/// A store that does not answer.
#[derive(Clone, Debug, Error)]
#[error("the store failed: {0}")]
pub struct StoreError(pub String);

/// Rates and budgets, exact over everything that shares the store.
#[async_trait]
pub trait LimitStore: Send + Sync {
    /// Takes from all buckets, or from none, and returns what the emptiest
    /// has left; `None` without a bucket.
    ///
    /// # Errors
    /// [`LimitRefusal`] of the first that holds too little.
    async fn take(&self, draws: &[Draw]) -> Result<Option<u64>, LimitRefusal>;

    /// Sets aside the most that an attempt can use, from all its buckets and
    /// budgets or from none. What is neither settled nor released counts as
    /// spent at its estimate some time after it must have ended.
    ///
    /// # Errors
    /// [`LimitRefusal`] of the first that has too little left.
    async fn reserve(&self, hold: &Hold) -> Result<Grant, LimitRefusal>;

    /// Replaces what was set aside by what was used, so that the rest can be
    /// used within 100 ms. Never waits. Where the ledger books money for the
    /// same store, it is that line which counts.
    fn settle(&self, settlement: Settlement);

    /// Returns how many processes share the store, as last known, 1 or more.
    fn instances(&self) -> u32 {
        1
    }
}

/// The append-only record of calls.
pub trait Ledger: Send + Sync {
    /// Records an entry. Never waits and never fails: what cannot be stored
    /// now is buffered within a bound, and a loss is counted.
    fn record(&self, entry: LedgerEntry);
}

/// What the ledger's lines come to.
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Adds up what was recorded: one row for the calls, and one for each
    /// model that was asked.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageSums>, StoreError>;

    /// Adds up what each caller did from `from` until before `to`: the calls
    /// with their tokens and costs, without latencies; the hundred who cost
    /// the most, the dearest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    async fn callers(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Caller, UsageSums)>, StoreError>;

    /// Returns what was spent, possible costs included, in the periods of
    /// budgets that are not over at `now`.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    async fn spent(&self, now: Timestamp) -> Result<Vec<(BudgetPeriod, NanoUsd)>, StoreError>;

    /// Tells how the store is. Never waits.
    fn state(&self) -> StoreState;
}

/// How a store is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreState {
    /// `memory`, `sqlite` or `postgres`, with what is special about it.
    pub kind: &'static str,
    /// Why it does not work; `None` if it does.
    pub fault: Option<String>,
    /// Ledger lines that wait to be stored.
    pub buffered: u64,
    /// Ledger lines of which only sums are left, because the store was away
    /// for too long.
    pub merged: u64,
}
