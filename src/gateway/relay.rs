//! Hands an answer on piece by piece.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;

use crate::domain::{Chunk, ChunkSink, Target};
use crate::routing::TokenCount;

/// Hands pieces to a caller's sink, and remembers what went out: from the
/// first piece on no other target may answer.
#[derive(Debug)]
pub(super) struct Relay<'a> {
    sink: &'a dyn ChunkSink,
    sent: Mutex<Option<Sent>>,
}

/// What went out so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// When the first piece did.
    pub(super) began: Instant,
    /// The text of all pieces.
    pub(super) tokens: TokenCount,
}

impl<'a> Relay<'a> {
    pub(super) const fn new(sink: &'a dyn ChunkSink) -> Self {
        Self {
            sink,
            sent: Mutex::new(None),
        }
    }

    pub(super) fn has_begun(&self) -> bool {
        self.sent().is_some()
    }

    /// Returns what went out; `None` before the first piece.
    pub(super) fn sent(&self) -> Option<Sent> {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, chunk: &Chunk) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = sent.get_or_insert_with(|| Sent {
            began: Instant::now(),
            tokens: TokenCount::default(),
        });
        if let Chunk::Text(text) = chunk {
            sent.tokens.push(text);
        }
    }
}

#[async_trait]
impl ChunkSink for Relay<'_> {
    async fn push(&self, target: &Target, chunk: Chunk) {
        self.count(&chunk);
        self.sink.push(target, chunk).await;
    }
}
