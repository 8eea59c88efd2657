//! An embedder without a model: texts are near each other if they share words.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ai_gateway::domain::{Embedder, EmbedderError, EmbedderState};
use async_trait::async_trait;

/// The length of a vector, the same as the real one's.
const DIMENSIONS: usize = 384;

/// Adds up the words of a text, each a coordinate and a sign by its hash, and
/// scales the sum to unit norm. The same text has the same vector always and
/// everywhere.
pub(crate) struct HashedEmbedder {
    state: Mutex<EmbedderState>,
    asked: AtomicUsize,
}

impl HashedEmbedder {
    /// Returns one in a state; only a ready one embeds.
    pub(crate) fn new(state: EmbedderState) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(state),
            asked: AtomicUsize::new(0),
        })
    }

    pub(crate) fn set_state(&self, state: EmbedderState) {
        *self.state.lock().unwrap() = state;
    }

    /// Counts the calls that it was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Embedder for HashedEmbedder {
    fn state(&self) -> EmbedderState {
        self.state.lock().unwrap().clone()
    }

    fn version(&self) -> [u8; 32] {
        *b"words, hashed, in 384 dimensions"
    }

    async fn embed(&self, text: &str) -> Result<Arc<[f32]>, EmbedderError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.state() != EmbedderState::Ready {
            return Err(EmbedderError::NotReady);
        }
        let mut vector = vec![0.0_f32; DIMENSIONS];
        let text = text.to_lowercase();
        let words = text.split(|c: char| !c.is_alphanumeric());
        for word in words.filter(|word| !word.is_empty()) {
            let hash = fnv(word.as_bytes());
            let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
            vector[(hash % DIMENSIONS as u64) as usize] += sign;
        }
        let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        if norm == 0.0 {
            return Err(EmbedderError::Blank);
        }
        Ok(vector.into_iter().map(|value| value / norm).collect())
    }
}

/// FNV-1a, mixed once more, for short words differ in their low bits alone.
fn fnv(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}
