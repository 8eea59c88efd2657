use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

mod fetch;
mod hits;
mod keeping;
mod life;
mod trusted;
mod verdicts;

use super::*;
use crate::domain::{
    CacheMode, Caller, Candidate, Cost, Draft, EmbedderError, FinishReason, Message, NanoUsd,
    NearestQuery, Role, RoutingReport, StoreError, StoredAnswer, WalkMark,
};

const ASKED: &str = "How do I write a cover letter?";
const ALIKE: &str = "What is the best way to write a cover letter?";
const OTHER: &str = "How do I write a resignation letter?";

/// A clock that a test sets.
struct Hand(Mutex<Timestamp>);

impl Hand {
    fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Has vectors for the texts of these tests: the first two are near.
#[derive(Default)]
struct Few {
    is_broken: AtomicBool,
    is_busy: AtomicBool,
    asked: AtomicUsize,
}

#[async_trait]
impl Embedder for Few {
    fn state(&self) -> EmbedderState {
        EmbedderState::Ready
    }

    fn version(&self) -> [u8; 32] {
        [3; 32]
    }

    async fn embed(&self, text: &str) -> Result<Arc<[f32]>, EmbedderError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(EmbedderError::Failed("broken".to_owned()));
        }
        if self.is_busy.load(Ordering::Relaxed) {
            return Err(EmbedderError::Busy);
        }
        let mut vector = vec![0.0; 384];
        match text {
            ASKED => vector[0] = 1.0,
            ALIKE => (vector[0], vector[1]) = (0.96, 0.28),
            OTHER => (vector[0], vector[2]) = (0.8, 0.6),
            _ => vector[3] = 1.0,
        }
        Ok(vector.into())
    }
}

type Rows = BTreeMap<(CacheScope, CacheKey), StoredAnswer>;

/// A store in memory that may fail, and that one process owns or several
/// share.
#[derive(Default)]
struct Shelf {
    rows: Mutex<Rows>,
    is_down: AtomicBool,
    is_shared: bool,
    has_no_search: bool,
    asked: AtomicUsize,
    /// Where the next search or walk stops on its way back.
    gate: Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>,
}

impl Shelf {
    async fn pass(&self) {
        let gate = self.gate.lock().unwrap().take();
        if let Some((has_read, gate)) = gate {
            has_read.send(()).unwrap();
            gate.await.unwrap();
        }
    }

    /// Has the next search or walk wait after it has read. Returns what tells that it
    /// waits, and what lets it go.
    fn pause(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((has_read, waits), (go, gate)) = (oneshot::channel(), oneshot::channel());
        *self.gate.lock().unwrap() = Some((has_read, gate));
        (waits, go)
    }

    /// Returns what is kept of callers.
    fn answers(&self) -> Vec<StoredAnswer> {
        let rows = self.rows.lock().unwrap();
        let of_callers = rows
            .values()
            .filter(|row| !Caller::is_reserved(row.owner.as_str()));
        of_callers.cloned().collect()
    }

    fn rows(&self) -> Result<MutexGuard<'_, Rows>, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.is_down.load(Ordering::Relaxed) {
            return Err(StoreError("down".to_owned()));
        }
        Ok(self.rows.lock().unwrap())
    }
}

#[async_trait]
impl CacheStore for Shelf {
    async fn find(
        &self,
        scope: CacheScope,
        key: CacheKey,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        let row = self.rows()?.get(&(scope, key)).cloned();
        self.pass().await;
        Ok(row.filter(|row| row.expires_at > now))
    }

    fn nearest_search(&self) -> NearestSearch {
        match (self.is_shared, self.has_no_search) {
            (false, _) => NearestSearch::Owner,
            (true, true) => NearestSearch::Missing,
            (true, false) => NearestSearch::Shared,
        }
    }

    async fn nearest(
        &self,
        query: NearestQuery<'_>,
    ) -> Result<Vec<(StoredAnswer, f32)>, StoreError> {
        let rows = self.rows()?;
        let near = rows.values().filter_map(|row| {
            let vector = row.vector.as_ref()?;
            let cosine = vector
                .values
                .iter()
                .zip(query.vector)
                .map(|(a, b)| a * b)
                .sum();
            (vector.space == query.space && cosine >= query.floor).then(|| (row.clone(), cosine))
        });
        Ok(near.collect())
    }

    async fn put(&self, answer: &StoredAnswer) -> Result<(), StoreError> {
        let mut rows = self.rows()?;
        let scope = answer.scope;
        let place = |key| (scope, key);
        let mut answer = answer.clone();
        let what = |row: &StoredAnswer| (row.stored_at, row.expires_at, row.alias_of);
        match rows.get(&place(answer.key)) {
            Some(row) if what(row) == what(&answer) => {
                answer.vector = answer.vector.or(row.vector.clone())
            }
            Some(_) => {
                rows.retain(|_, row| (row.scope, row.alias_of) != (scope, Some(answer.key)));
                rows.remove(&place(answer.key));
            }
            None => {}
        }
        if answer
            .alias_of
            .is_none_or(|of| rows.contains_key(&place(of)))
        {
            rows.insert(place(answer.key), answer);
        }
        Ok(())
    }

    async fn evict(&self, scope: CacheScope, key: CacheKey) -> Result<(), StoreError> {
        let is_meant = |row: &StoredAnswer| {
            row.scope == scope && (row.key == key || row.alias_of == Some(key))
        };
        self.rows()?.retain(|_, row| !is_meant(row));
        Ok(())
    }

    async fn owners(&self) -> Result<Vec<Caller>, StoreError> {
        Ok(self.rows()?.values().map(|row| row.owner.clone()).collect())
    }

    async fn evict_owner(&self, owner: &Caller) -> Result<(), StoreError> {
        self.rows()?.retain(|_, row| row.owner != *owner);
        Ok(())
    }

    async fn walk(
        &self,
        mark: Option<WalkMark>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StoredAnswer>, StoreError> {
        let mut all: Vec<_> = self.rows()?.values().cloned().collect();
        self.pass().await;
        let place = |row: &StoredAnswer| (row.stored_at, row.scope, row.key);
        all.sort_by_key(|row| std::cmp::Reverse(place(row)));
        all.retain(|row| {
            let is_after = |mark: WalkMark| place(row) < (mark.stored_at, mark.scope, mark.key);
            row.expires_at > now && mark.is_none_or(is_after)
        });
        all.truncate(limit as usize);
        Ok(all)
    }
}

/// A cache with what it stands on.
struct Rig {
    cache: Arc<Cache>,
    clock: Arc<Hand>,
    embedder: Arc<Few>,
    shelf: Arc<Shelf>,
}

impl Rig {
    fn new() -> Self {
        Self::over(Arc::default(), Settings::default())
    }

    fn over(shelf: Arc<Shelf>, settings: Settings) -> Self {
        let now = "2026-11-26T10:00:00Z".parse().unwrap();
        let clock = Arc::new(Hand(Mutex::new(now)));
        let embedder = Arc::new(Few::default());
        let cache = Cache::new(Parts {
            settings,
            embedder: Arc::clone(&embedder) as _,
            store: Some(Arc::clone(&shelf) as _),
            clock: Arc::clone(&clock) as _,
        });
        Self {
            cache: Arc::new(cache),
            clock,
            embedder,
            shelf,
        }
    }

    fn question(&self, draft: Draft) -> Question {
        let request = draft.check(Duration::from_secs(50)).unwrap();
        let asked = Asked {
            request: &request,
            caller: &Caller::new("alice"),
            group: None,
            named: None,
            door: Door::Mcp,
        };
        self.cache.question(&asked).unwrap()
    }

    async fn find(&self, prompt: &str) -> Option<Hit> {
        self.cache
            .find(&self.question(ask(prompt)), &|_| true)
            .await
    }

    async fn similar(&self, prompt: &str) -> (Option<Hit>, Option<Check>) {
        let mut question = self.question(ask(prompt));
        self.cache.find_similar(&mut question, &|_| true).await
    }

    /// Asks as a call does, and stores the answer.
    async fn answer(&self, prompt: &str, text: &str) {
        let mut question = self.question(ask(prompt));
        let _ = self.cache.find_similar(&mut question, &|_| true).await;
        let _ = self.cache.store(question, &made(text));
    }

    /// Does the work that waits.
    async fn settle(&self) {
        let stop = CancellationToken::new();
        stop.cancel();
        self.cache.run(stop).await;
    }
}

fn ask(prompt: &str) -> Draft {
    Draft {
        messages: Some(vec![Message::text(Role::User, prompt)]),
        ..Draft::default()
    }
}

fn made(text: &str) -> Completion {
    let answer = answer::tests::answer(text);
    let candidate = Candidate::unknown(answer.target.clone());
    Completion {
        request_id: crate::domain::RequestId::random(),
        content: vec![crate::domain::ContentPart::Text(answer.text)],
        provider: answer.target.provider,
        model: answer.model,
        effort: answer.target.effort,
        finish: Some(FinishReason::Stop),
        finish_is_unknown: false,
        stop_sequence: None,
        usage: answer.usage,
        cost: Cost::Priced {
            amount: NanoUsd::new(5),
            is_incomplete: false,
        },
        latency: Duration::ZERO,
        cache: crate::domain::CacheOutcome::MISS,
        allowance: crate::domain::Allowance::default(),
        dropped_parameters: Vec::new(),
        routing: RoutingReport {
            task: answer.task,
            reason: String::new(),
            candidates: vec![candidate],
            attempts: Vec::new(),
            decision: None,
        },
    }
}
