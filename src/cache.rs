//! Answers to questions that were asked before.
//!
//! A question is looked for in its scope under its canonical form; if it is
//! not there, the nearest questions of the scope are looked at, and a verifier
//! decides whether the answer of one serves this one. Whatever fails on the
//! way is a miss.

mod admission;
mod answer;
mod answers;
mod canonical;
mod capitals;
mod digest;
mod eligible;
mod features;
mod fetch;
mod flights;
mod frames;
mod index;
mod keeper;
mod lexicon;
mod neighbours;
mod numbers;
mod prompt;
mod question;
mod read_back;
mod remembered_trust;
mod residue;
mod semantic;
mod settings;
mod strict;
mod trust;
mod verdicts;
mod verifier;
mod words;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

pub use self::answer::Answer;
pub use self::canonical::canonical_key;
pub use self::eligible::{History, Tier, tier};
pub use self::features::{FEATURES, Features, NAMES, features};
pub use self::flights::{Follow, Joined, Lead, Shared};
pub use self::index::{IndexLimits, Rebuild, Rebuilt, Retired, VectorError, VectorIndex};
pub use self::keeper::Keeping;
pub use self::prompt::Prompt;
pub use self::question::{Asked, Question};
pub use self::settings::{Door, SemanticSettings, Settings, Share, Start};
pub use self::trust::{TrustState, WrongShare};
pub use self::verifier::{TableError, Verdict, Verifier, Veto};

use self::answer::Entry;
use self::answers::Answers;
use self::digest::Digest;
use self::flights::Flights;
use self::keeper::Keeper;
use self::neighbours::Neighbours;
use self::semantic::Match;
use self::trust::Trust;
use crate::domain::{
    CacheKey, CacheScope, CacheStatus, CacheStore, Clock, Completion, Embedder, EmbedderState,
    NearestSearch, VectorSpace,
};

/// How many large spaces are searched at once.
const SEARCHES: usize = 2;

/// What a cache is made of.
pub struct Parts {
    /// What the operator decided.
    pub settings: Settings,
    /// What makes vectors.
    pub embedder: Arc<dyn Embedder>,
    /// Where answers outlive the process, if anywhere.
    pub store: Option<Arc<dyn CacheStore>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// Stored answers, and what finds them.
pub struct Cache {
    settings: Settings,
    answers: Arc<Answers>,
    neighbours: Arc<Neighbours>,
    searches: Arc<Semaphore>,
    embedder: Arc<dyn Embedder>,
    /// `None` where the semantic tier is off.
    verifier: Option<Verifier>,
    /// The embedder's.
    version: [u8; 32],
    store: Option<Arc<dyn CacheStore>>,
    clock: Arc<dyn Clock>,
    flights: Flights,
    trust: Trust,
    keeper: Keeper,
}

/// A stored answer that serves a question.
#[derive(Clone, Debug)]
pub struct Hit {
    entry: Arc<Entry>,
    /// How it was found.
    pub status: CacheStatus,
    /// How old it is.
    pub age: Duration,
}

impl Hit {
    fn new(entry: Arc<Entry>, status: CacheStatus, now: Timestamp) -> Self {
        let age = now.duration_since(entry.stored_at);
        Self {
            age: age.try_into().unwrap_or_default(),
            entry,
            status,
        }
    }

    /// Returns the answer.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        &self.entry.answer
    }

    /// Returns where the answer lies, itself and no repetition of it.
    #[must_use]
    pub fn place(&self) -> (CacheScope, CacheKey) {
        let entry = &self.entry;
        (entry.scope, entry.alias_of.unwrap_or(entry.key))
    }
}

/// A pair that a judge may look at.
#[derive(Clone, Debug)]
pub struct Check {
    entry: Arc<Entry>,
    /// The question that was asked.
    pub asked: String,
    key: CacheKey,
    confidence: f64,
    /// Whether the answer was served, or would have been if the tier were
    /// open.
    is_hit: bool,
}

impl Check {
    /// Returns the question that the answer was made for, and the answer.
    #[must_use]
    pub fn stored(&self) -> (&str, &str) {
        let prompt = self.entry.prompt.as_deref().unwrap_or_default();
        (prompt, &self.entry.answer.text)
    }

    /// Tells whether trust in hits depends on it.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.is_hit
    }
}

impl Cache {
    /// Puts the parts together. Weights of the verifier that are damaged leave
    /// the semantic tier off.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            settings,
            embedder,
            store,
            clock,
        } = parts;
        let is_on = settings.enabled && settings.semantic.enabled;
        let verifier = is_on.then(Verifier::shipped);
        let verifier = verifier.and_then(|verifier| {
            verifier
                .inspect_err(|fault| tracing::error!(%fault, "the cache's verifier is damaged"))
                .ok()
        });
        let version = embedder.version();
        let keeper = Keeper::default();
        let neighbours: Arc<Neighbours> = Arc::default();
        let search = store.as_ref().map(|store| store.nearest_search());
        let is_shared = search.is_some_and(|search| search != NearestSearch::Owner);
        let is_stored = store.is_some() && !is_shared;
        let answers = {
            let (neighbours, removals) = (Arc::clone(&neighbours), keeper.removals());
            Answers::new(settings.max_bytes, is_shared, move |entry, for_room| {
                // Even of an alias: it may have taken the place of an answer
                // that had ended.
                neighbours.forget(space(entry.scope, &version), entry.key);
                if for_room && is_stored {
                    removals.make_room((entry.scope, entry.key));
                }
            })
        };
        Self {
            trust: Trust::new(&settings.semantic),
            settings,
            answers: Arc::new(answers),
            neighbours,
            searches: Arc::new(Semaphore::new(SEARCHES)),
            embedder,
            verifier,
            version,
            store,
            clock,
            flights: Flights::default(),
            keeper,
        }
    }

    /// Reads a request; `None` if the cache has no part in it.
    #[must_use]
    pub fn question(&self, asked: &Asked<'_>) -> Option<Question> {
        if !self.settings.enabled {
            return None;
        }
        Question::read(asked, self.settings.share, &self.settings.semantic.doors)
    }

    /// Keeps a question that leaves the choice of the model to the gateway
    /// apart from those of callers with other models, where answers are
    /// shared: they would replace each other's, and wait for what they may
    /// not have.
    pub fn narrow(&self, question: &mut Question, models: impl FnOnce() -> Vec<String>) {
        if self.settings.share == Share::Caller {
            return;
        }
        let mut models = models();
        models.sort_unstable();
        let digest = Digest::new("models").bytes(&question.scope.0);
        let digest = models.iter().fold(digest, |digest, name| digest.text(name));
        question.scope = CacheScope(digest.end());
    }

    /// Finds the answer to the same question. `may_serve` tells whether who
    /// asks may have an answer of its model.
    pub async fn find(
        &self,
        question: &Question,
        may_serve: &(dyn Fn(&Answer) -> bool + Sync),
    ) -> Option<Hit> {
        if !question.reads {
            return None;
        }
        let now = self.clock.now();
        let entry = match self.answers.find(question.place(), now) {
            Some(entry) => entry,
            None => self.fetch(question.place(), now).await?,
        };
        let serves = question.takes(&entry, now) && may_serve(&entry.answer);
        serves.then(|| Hit::new(entry, CacheStatus::Exact, now))
    }

    /// Joins whoever asks the same question just now; `None` where the caller
    /// wants an answer of its own.
    #[must_use]
    pub fn join(&self, question: &Question) -> Option<Joined> {
        question.reads.then(|| self.flights.join(question.place()))
    }

    /// Finds the answer to a question of the same meaning, and what a judge is
    /// to look at.
    pub async fn find_similar(
        &self,
        question: &mut Question,
        may_serve: &(dyn Fn(&Answer) -> bool + Sync),
    ) -> (Option<Hit>, Option<Check>) {
        let opinion = self.look_around(question, may_serve).await;
        let is_closed = self.trust.state() == TrustState::Closed;
        let check = |found: &Match, is_hit| {
            self.trust.wants_judgement(is_hit).then(|| Check {
                entry: Arc::clone(&found.entry),
                asked: question.prompt.clone(),
                key: question.key,
                confidence: found.confidence,
                is_hit,
            })
        };
        if let Some(hit) = opinion.hit {
            if hit.entry.key == question.key {
                // Another process stored it since it was looked for.
                let hit = Hit::new(hit.entry, CacheStatus::Exact, self.clock.now());
                return (Some(hit), None);
            }
            let check = check(&hit, true);
            let status = CacheStatus::Semantic {
                similarity: hit.similarity,
                confidence: hit.confidence as f32,
            };
            let hit = Hit::new(hit.entry, status, self.clock.now());
            return (Some(hit), check);
        }
        let near = opinion.near;
        (None, near.and_then(|near| check(&near, is_closed)))
    }

    /// Keeps an answer, if it is worth it; `None` if it is not. Never waits:
    /// what takes time is done by [`Cache::run`].
    pub fn store(&self, question: Question, completion: &Completion) -> Option<Keeping> {
        let answer = Answer::of(completion)?;
        let is_small = answer.text.len() as u64 <= self.settings.max_answer_bytes;
        if !is_small || !question.is_answered_by(&answer) || admission::is_refusal(&answer.text) {
            return None;
        }
        // As a store keeps it, so that the two can be compared.
        let now = self.clock.now().as_microsecond();
        let now = Timestamp::from_microsecond(now).ok()?;
        let ttl = Duration::from_secs(self.settings.ttl_s);
        let expires_at = now.checked_add(ttl).ok()?;
        let is_compared = question.tier == Tier::Semantic && self.verifier.is_some();
        let (scope, key) = question.place();
        // They repeat what is replaced.
        self.answers.forget_aliases((scope, key));
        let entry = Arc::new(Entry {
            scope,
            key,
            alias_of: None,
            owner: question.owner,
            prompt: is_compared.then_some(question.prompt),
            answer,
            bar: 0.0,
            refused: Vec::new(),
            stored_at: now,
            expires_at,
        });
        self.answers.put(Arc::clone(&entry), now);
        if let Some(vector) = question.vector.as_ref().filter(|_| is_compared) {
            self.place(&entry, vector);
        }
        Some(self.keep(&entry, question.vector))
    }

    /// Forgets an answer everywhere.
    pub fn evict(&self, (scope, key): (CacheScope, CacheKey)) {
        self.answers.forget_aliases((scope, key));
        self.answers.forget((scope, key));
        self.keeper.evict((scope, key));
    }

    /// Returns how far semantic hits are trusted, and why; no trust where the
    /// tier is off.
    #[must_use]
    pub fn trust(&self) -> (Option<TrustState>, WrongShare) {
        let state = self.verifier.as_ref().map(|_| self.trust.state());
        (state, self.trust.wrong_share())
    }

    /// Tells whether questions can be compared by meaning.
    #[must_use]
    pub fn embedder(&self) -> EmbedderState {
        self.embedder.state()
    }

    /// Returns how many answers are at hand, and about how many bytes they
    /// take.
    #[must_use]
    pub fn size(&self) -> (u64, u64) {
        self.answers.size()
    }

    /// Tells who searches for similar questions.
    fn search(&self) -> NearestSearch {
        let store = self.store.as_ref();
        store.map_or(NearestSearch::Owner, |store| store.nearest_search())
    }

    fn space(&self, scope: CacheScope) -> VectorSpace {
        space(scope, &self.version)
    }

    /// Puts a question among those that are searched in memory, if its answer
    /// is there.
    fn place(&self, entry: &Entry, vector: &[f32]) {
        if self.search() == NearestSearch::Shared {
            return;
        }
        let (space, place) = (self.space(entry.scope), (entry.scope, entry.key));
        self.neighbours.put(space, entry.key, vector);
        // An answer that went before its vector came has taken none along.
        if self.answers.peek(place).is_none() {
            self.neighbours.forget(space, entry.key);
        }
    }
}

/// Returns where vectors of a scope are compared. The verifier's version has
/// no part in it: it reads the questions anew each time, and the aliases and
/// bars that an older one led to were a judge's word, or only keep hits away.
fn space(scope: CacheScope, version: &[u8; 32]) -> VectorSpace {
    VectorSpace(Digest::new("space").bytes(&scope.0).bytes(version).end())
}

#[cfg(test)]
mod tests;
