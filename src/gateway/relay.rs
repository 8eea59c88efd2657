//! Hands an answer on piece by piece.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::domain::{CacheStatus, Chunk, ChunkSink, Target};
use crate::routing::TokenCount;

/// A reader that made its call wait so long in all is slow, and the vendor
/// not to blame for the time.
const SLOW_READER: Duration = Duration::from_secs(1);

/// Hands pieces to a caller's sink, and remembers what went out: from the
/// first piece on no other target may answer.
#[derive(Debug)]
pub(super) struct Relay<'a> {
    sink: &'a dyn ChunkSink,
    sent: Mutex<Option<Sent>>,
    /// What the attempt under way wrote that is not shown.
    unseen: Mutex<TokenCount>,
    waits: Mutex<Waits>,
}

/// How long the reader made its call wait.
#[derive(Debug, Default)]
struct Waits {
    over: Duration,
    since: Option<Instant>,
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
    pub(super) fn new(sink: &'a dyn ChunkSink) -> Self {
        Self {
            sink,
            sent: Mutex::new(None),
            unseen: Mutex::default(),
            waits: Mutex::default(),
        }
    }

    /// Forgets what an attempt wrote that nobody saw.
    pub(super) fn begin_attempt(&self) {
        *lock(&self.unseen) = TokenCount::default();
    }

    /// Returns the tokens that the attempt under way wrote, shown or not.
    pub(super) fn written(&self) -> u64 {
        let shown = self.sent().map_or(0, |sent| sent.tokens.tokens());
        shown.saturating_add(lock(&self.unseen).tokens())
    }

    /// Tells whether the call's time went into waiting for its reader.
    pub(super) fn reader_is_slow(&self) -> bool {
        let waits = lock(&self.waits);
        let now = waits.since.map_or(Duration::ZERO, |since| since.elapsed());
        waits.over.saturating_add(now) > SLOW_READER
    }

    /// Returns what went out; `None` before the first piece.
    pub(super) fn sent(&self) -> Option<Sent> {
        *lock(&self.sent)
    }

    fn count(&self, chunk: &Chunk) {
        let mut sent = lock(&self.sent);
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
        lock(&self.waits).since = Some(Instant::now());
        self.sink.push(target, chunk).await;
        let mut waits = lock(&self.waits);
        if let Some(since) = waits.since.take() {
            waits.over = waits.over.saturating_add(since.elapsed());
        }
    }

    fn has_begun(&self) -> bool {
        self.sent().is_some()
    }

    fn looked_up(&self, status: CacheStatus) {
        self.sink.looked_up(status);
    }

    fn dropped(&self, parameters: &[&'static str]) {
        self.sink.dropped(parameters);
    }

    fn unseen(&self, text: &str) {
        lock(&self.unseen).push(text);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
