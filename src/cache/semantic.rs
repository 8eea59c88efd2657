//! The semantic tier: nearest questions, then the verifier.

use std::sync::Arc;

use super::Cache;
use super::answer::{Answer, Entry};
use super::eligible::Tier;
use super::prompt::Prompt;
use super::question::Question;
use super::trust::TrustState;
use crate::domain::{CacheKey, EmbedderError, NearestQuery, NearestSearch, VectorSpace};

/// Questions less similar than this are not looked at: the verifier knows
/// none.
const FLOOR: f32 = 0.70;
/// How many are.
const CANDIDATES: usize = 5;
/// What is so far below the threshold may still be judged, and learned.
const NEAR_MISS: f64 = 0.2;

/// What the semantic tier makes of a question.
#[derive(Debug, Default)]
pub(super) struct Opinion {
    /// The answer that serves it.
    pub(super) hit: Option<Match>,
    /// What a judge might look at, if nothing does.
    pub(super) near: Option<Match>,
}

/// A stored answer that may serve a question.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) entry: Arc<Entry>,
    pub(super) similarity: f32,
    pub(super) confidence: f64,
}

impl Cache {
    /// Returns how sure the verifier is of the best match, whether that is
    /// served or just missed; 0 if there is none.
    pub async fn likeness(&self, question: &mut Question) -> f64 {
        let opinion = self.look_around(question, &|_| true).await;
        let best = opinion.hit.or(opinion.near);
        best.map_or(0.0, |found| found.confidence)
    }

    /// Looks for an answer to a question of the same meaning. Whatever fails
    /// on the way, there is none.
    pub(super) async fn look_around(
        &self,
        question: &mut Question,
        may_serve: &(dyn Fn(&Answer) -> bool + Sync),
    ) -> Opinion {
        let Some(verifier) = self.verifier.as_ref() else {
            return Opinion::default();
        };
        if question.tier != Tier::Semantic || !question.reads {
            return Opinion::default();
        }
        let Some(vector) = self.vector(question).await else {
            return Opinion::default();
        };
        let space = self.space(question.scope);
        let found = self.candidates(question, space, &vector).await;
        if found.is_empty() {
            return Opinion::default();
        }
        let asked = Prompt::read(&question.prompt);
        let mut matches = Vec::with_capacity(found.len());
        for (entry, similarity) in found {
            let is_refused = entry.refused.contains(&question.key);
            let Some(prompt) = entry.prompt.as_deref().filter(|_| !is_refused) else {
                continue;
            };
            if !question.takes(&entry, self.clock.now()) || !may_serve(&entry.answer) {
                continue;
            }
            let verdict = verifier.judge(&asked, &Prompt::read(prompt), similarity);
            if verdict.veto.is_none() && verdict.probability > entry.bar {
                matches.push(Match {
                    entry,
                    similarity,
                    confidence: verdict.probability,
                });
            }
        }
        let own = verifier
            .threshold()
            .max(self.settings.semantic.min_confidence);
        let least = self
            .trust
            .threshold(own)
            .map(|least| least.max(question.min_confidence));
        let from = match self.trust.state() {
            // What would be served is what has to be judged.
            TrustState::Closed => own,
            TrustState::Trusted | TrustState::Probation => own - NEAR_MISS,
        };
        // No hit needs less than the verifier asks for.
        matches.retain(|found| found.confidence >= from);
        let best = self.first_current(matches, question).await;
        let serves = |found: &Match| least.is_some_and(|least| found.confidence >= least);
        if best.as_ref().is_some_and(serves) {
            return Opinion {
                hit: best,
                near: None,
            };
        }
        Opinion {
            hit: None,
            near: best,
        }
    }

    /// Returns the best match that nobody has forgotten, replaced or refuted,
    /// as it is now.
    async fn first_current(&self, mut matches: Vec<Match>, question: &Question) -> Option<Match> {
        matches.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        for found in matches {
            let Some(entry) = self.current(&found.entry).await else {
                continue;
            };
            let is_refused = entry.refused.contains(&question.key);
            if !is_refused && found.confidence > entry.bar {
                return Some(Match { entry, ..found });
            }
        }
        None
    }

    async fn candidates(
        &self,
        question: &Question,
        space: VectorSpace,
        vector: &[f32],
    ) -> Vec<(Arc<Entry>, f32)> {
        let now = self.clock.now();
        let shared = self.store.as_ref();
        let shared = shared.filter(|store| store.nearest_search() == NearestSearch::Shared);
        if let Some(store) = shared {
            let query = NearestQuery {
                space,
                vector,
                floor: FLOOR,
                limit: CANDIDATES,
                now,
            };
            let found = store.nearest(query).await.unwrap_or_default();
            let entries = found.into_iter().filter_map(|(stored, similarity)| {
                Some((Arc::new(Entry::from_stored(&stored)?), similarity))
            });
            return entries.collect();
        }
        let found = self.nearest(space, vector).await;
        let entries = found.into_iter().filter_map(|(key, similarity)| {
            let entry = self.answers.peek((question.scope, key))?;
            (entry.expires_at > now).then_some((entry, similarity))
        });
        entries.collect()
    }

    /// Searches what this process knows; a large space away from the async
    /// threads.
    async fn nearest(&self, space: VectorSpace, vector: &[f32]) -> Vec<(CacheKey, f32)> {
        /// Up to here a search takes less than handing it over would spare.
        const AT_ONCE: usize = 5_000;
        if self.neighbours.len(space) <= AT_ONCE {
            return self.neighbours.nearest(space, vector, FLOOR, CANDIDATES);
        }
        let Ok(permit) = Arc::clone(&self.searches).try_acquire_owned() else {
            return Vec::new();
        };
        let (neighbours, vector) = (Arc::clone(&self.neighbours), vector.to_vec());
        let search = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            neighbours.nearest(space, &vector, FLOOR, CANDIDATES)
        });
        search.await.unwrap_or_default()
    }

    /// Returns the question as a vector, which it keeps.
    pub async fn vector(&self, question: &mut Question) -> Option<Arc<[f32]>> {
        if question.vector.is_none() {
            match self.embedder.embed(&question.prompt).await {
                Ok(vector) => question.vector = Some(vector),
                Err(EmbedderError::Failed(reason)) => {
                    tracing::debug!(reason, "a question was not embedded");
                }
                Err(_) => {}
            }
        }
        question.vector.clone()
    }
}
