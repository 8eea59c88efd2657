//! The port to a model that turns text into vectors.

use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;

/// A sentence embedder.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Tells whether it works. Never waits.
    fn state(&self) -> EmbedderState;

    /// Returns a hash of all that shapes its vectors: model, tokenizer and
    /// length. Vectors of two versions are never compared.
    fn version(&self) -> [u8; 32];

    /// Returns the vector of a text, of unit norm. What lies beyond the
    /// model's length does not count. Never works on an async thread, and
    /// waits no longer than some milliseconds for its turn.
    ///
    /// # Errors
    /// [`EmbedderError`]; the caller goes on without a vector.
    async fn embed(&self, text: &str) -> Result<Arc<[f32]>, EmbedderError>;
}

/// Whether an embedder works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbedderState {
    /// It is being loaded.
    Starting,
    /// It works.
    Ready,
    /// It is switched off by the configuration.
    Disabled,
    /// It does not work, and why.
    Failed(String),
}

/// Why there is no vector.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EmbedderError {
    /// It is not loaded yet, or not at all.
    #[error("the embedding model is not loaded")]
    NotReady,
    /// Others are before it.
    #[error("the embedding model is busy")]
    Busy,
    /// The text has nothing to embed.
    #[error("there is no text to embed")]
    Blank,
    /// The model failed.
    #[error("the embedding model failed: {0}")]
    Failed(String),
}
