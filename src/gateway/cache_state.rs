//! How the cache is, for those who ask.

use super::Gateway;
use crate::cache::{TrustState, WrongShare};
use crate::domain::EmbedderState;
use crate::telemetry::CacheFigures;

/// How the cache's semantic tier is.
#[derive(Clone, Debug, PartialEq)]
pub struct SemanticState {
    /// Whether questions can be compared by meaning.
    pub embedder: EmbedderState,
    /// How far hits are trusted; `None` if the tier is off.
    pub trust: Option<TrustState>,
    /// What judges saw of them.
    pub wrong: WrongShare,
}

impl SemanticState {
    /// Tells whether there are no semantic hits because too many were wrong.
    pub fn is_closed(&self) -> bool {
        self.trust == Some(TrustState::Closed)
    }
}

impl Gateway {
    /// Tells how the semantic tier is.
    pub fn semantic_state(&self) -> SemanticState {
        let (trust, wrong) = self.cache.trust();
        SemanticState {
            embedder: self.cache.embedder(),
            trust,
            wrong,
        }
    }

    /// Brings the cache's metrics up to date.
    pub fn report_cache(&self) {
        let SemanticState {
            embedder,
            trust,
            wrong,
        } = self.semantic_state();
        let trust = trust.filter(|_| embedder == EmbedderState::Ready);
        let (entries, bytes) = self.cache.size();
        self.metrics.cache().set(&CacheFigures {
            entries,
            bytes,
            unkept: self.cache.unkept(),
            semantic: match trust {
                None => 0,
                Some(TrustState::Closed) => 1,
                Some(TrustState::Probation) => 2,
                Some(TrustState::Trusted) => 3,
            },
            wrong: (wrong.low, wrong.high),
            judged: wrong.judged,
        });
    }
}
