//! Answers to questions that were asked before.
//!
//! Nothing is kept yet, so every call goes by the cache; the pipeline asks
//! it all the same, at the place where it will answer.

mod canonical;
mod eligible;
mod features;
mod frames;
mod lexicon;
mod numbers;
mod prompt;
mod residue;
mod strict;
mod verifier;
mod words;

pub use self::canonical::canonical_key;
pub use self::eligible::{History, Tier, tier};
pub use self::features::{FEATURES, Features, NAMES, features};
pub use self::prompt::Prompt;
pub use self::verifier::{TableError, Verdict, Verifier, Veto};

use crate::domain::{CacheOutcome, Caller, Completion, CompletionRequest};

/// The cache's word on a request.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// It has the answer.
    Hit(Box<Completion>),
    /// It has none, and this is what the answer will say about it.
    None(CacheOutcome),
}

/// A cache that keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cache;

impl Cache {
    /// Looks for an answer in the caller's scope.
    pub async fn find(&self, _caller: &Caller, _request: &CompletionRequest) -> Lookup {
        Lookup::None(CacheOutcome::BYPASS)
    }

    /// Keeps an answer, if it may be kept.
    pub async fn store(
        &self,
        _caller: &Caller,
        _request: &CompletionRequest,
        _completion: &Completion,
    ) {
    }
}
