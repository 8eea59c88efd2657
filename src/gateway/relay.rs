//! Hands an answer on piece by piece.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use crate::domain::{Chunk, ChunkSink, Target};

/// Hands pieces to a caller's sink, and remembers whether any went out: from
/// then on no other target may answer.
#[derive(Debug)]
pub(super) struct Relay<'a> {
    sink: &'a dyn ChunkSink,
    has_begun: AtomicBool,
}

impl<'a> Relay<'a> {
    pub(super) const fn new(sink: &'a dyn ChunkSink) -> Self {
        Self {
            sink,
            has_begun: AtomicBool::new(false),
        }
    }

    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl ChunkSink for Relay<'_> {
    async fn push(&self, target: &Target, chunk: Chunk) {
        self.has_begun.store(true, Ordering::Relaxed);
        self.sink.push(target, chunk).await;
    }
}
