//! The ports: small traits through which the gateway reaches the world.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use thiserror::Error;
use tokio::time::Instant;

use super::{
    CacheStatus, Caller, Chunk, Completion, CompletionRequest, Error, LedgerEntry, ListedModel,
    ModelSpec, NanoUsd, ProviderAnswer, ProviderError, ProviderName, Target, Usage,
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

/// What identifies a cached answer: a hash of everything that shapes it,
/// caller scope included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey(pub [u8; 32]);

/// Stored answers.
#[async_trait]
pub trait CacheStore: Send + Sync {
    /// Finds the answer under `key`, with its age.
    ///
    /// # Errors
    /// [`StoreError`]; callers take it for a miss.
    async fn find(&self, key: CacheKey) -> Result<Option<(Completion, Duration)>, StoreError>;

    /// Keeps an answer under `key` for `ttl`.
    ///
    /// # Errors
    /// [`StoreError`]; the answer is then not cached.
    async fn put(
        &self,
        key: CacheKey,
        completion: &Completion,
        ttl: Duration,
    ) -> Result<(), StoreError>;
}

/// Turns text into vectors.
pub trait Embedder: Send + Sync {
    /// Returns one vector of unit norm per text. Takes milliseconds of CPU:
    /// never call it on an async thread.
    ///
    /// # Errors
    /// [`EmbedderError`] if the model cannot run.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError>;
}

/// An embedding model that cannot run.
#[derive(Clone, Debug, Error)]
#[error("the embedding model failed: {0}")]
pub struct EmbedderError(pub String);

/// Tokens and money set aside for one attempt. Dropping it gives back what
/// was not settled.
pub trait Reservation: Send {
    /// Replaces what was set aside by what was used. `possible` is what the
    /// vendor may bill on top, unknown for now.
    fn settle(self: Box<Self>, usage: &Usage, cost: NanoUsd, possible: NanoUsd);
}

/// Rates and budgets.
#[async_trait]
pub trait LimitStore: Send + Sync {
    /// Takes one request from the caller's rate. Done once per call, before
    /// the cache.
    ///
    /// # Errors
    /// `policy_rate_limited` with the exact wait.
    async fn take_request(&self, caller: &Caller) -> Result<(), Error>;

    /// Sets aside the most that an attempt can use.
    ///
    /// # Errors
    /// `policy_rate_limited` or `policy_budget_exceeded`.
    async fn reserve(
        &self,
        caller: &Caller,
        tokens: u64,
        cost: NanoUsd,
    ) -> Result<Box<dyn Reservation>, Error>;
}

/// The append-only record of calls.
pub trait Ledger: Send + Sync {
    /// Records an entry. Never waits and never fails: what cannot be stored
    /// now is buffered within a bound, and a loss is counted.
    fn record(&self, entry: LedgerEntry);
}
