//! What the router learns from calls, and how it is kept.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::jitter::jitter;
use super::remembered::RememberedCalls;
use crate::domain::{
    CompletionRequest, RatingStore, RequestId, Role, RoutingStore, StoreError, Target,
};
use crate::routing::{
    AnswerLesson, Feedback, Kept, RouterState, TaskClassifier, TaskEstimate, Taught,
};

/// How often what was learned is kept.
const INTERVAL: Duration = Duration::from_secs(60);
/// After so many intervals others are listened to even if nothing is to keep.
const READ_AGAIN: u32 = 5;

/// What is known beside the catalogue.
pub(super) struct Learning {
    classifier: Arc<TaskClassifier>,
    state: Mutex<RouterState>,
    taught: ArcSwap<Taught>,
    calls: Mutex<RememberedCalls>,
    store: Option<Arc<dyn RoutingStore>>,
    ratings: Option<Arc<dyn RatingStore>>,
    /// Something was learned that is not kept yet.
    is_new: AtomicBool,
    /// How much feedback there was, and how much of it is in `taught`.
    given: AtomicU64,
    fitted: tokio::sync::Mutex<u64>,
}

impl Learning {
    pub(super) fn new(
        classifier: Arc<TaskClassifier>,
        store: Option<Arc<dyn RoutingStore>>,
        ratings: Option<Arc<dyn RatingStore>>,
    ) -> Self {
        Self {
            classifier,
            // Random, so that no other process has the same.
            state: Mutex::new(RouterState::new(RequestId::random().bits())),
            taught: ArcSwap::default(),
            calls: Mutex::default(),
            store,
            ratings,
            is_new: AtomicBool::new(false),
            given: AtomicU64::new(0),
            fitted: tokio::sync::Mutex::new(0),
        }
    }

    /// Says what kind of work a request is: what the caller says, or what its
    /// last question looks like, which may have been embedded.
    pub(super) fn classify(
        &self,
        request: &CompletionRequest,
        vector: Option<&[f32]>,
    ) -> TaskEstimate {
        match request.requirements.task {
            Some(label) => TaskEstimate::told(label),
            None => self.classify_prompt(&question(request), vector),
        }
    }

    /// Says what kind of work a prompt looks like.
    pub(super) fn classify_prompt(&self, prompt: &str, vector: Option<&[f32]>) -> TaskEstimate {
        self.classifier.classify(prompt, vector)
    }

    /// Opens what was learned from answers. Nobody writes into it meanwhile,
    /// so hold it for a moment only.
    pub(super) fn state(&self) -> MutexGuard<'_, RouterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the answers of the last day.
    pub(super) fn calls(&self) -> MutexGuard<'_, RememberedCalls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was learned from feedback.
    pub(super) fn taught(&self) -> Arc<Taught> {
        self.taught.load_full()
    }

    /// Returns where ratings are left for other processes.
    pub(super) fn ratings(&self) -> Option<&dyn RatingStore> {
        self.ratings.as_deref()
    }

    /// Learns from an answer.
    pub(super) fn learn(&self, lesson: &AnswerLesson<'_>, now: Timestamp) {
        self.state().learn(lesson, now);
        self.is_new.store(true, Ordering::Relaxed);
    }

    /// Takes feedback; it counts after the next [`Gateway::fit_feedback`].
    pub(super) fn take(&self, feedback: Feedback, now: Timestamp) {
        self.state().take(feedback, now);
        self.is_new.store(true, Ordering::Relaxed);
        self.given.fetch_add(1, Ordering::AcqRel);
    }
}

impl Gateway {
    /// Learns from all feedback that was given before. Those who call it
    /// together wait for one another's work instead of doing it again.
    pub(super) async fn fit_feedback(&self) {
        let wanted = self.learning.given.load(Ordering::Acquire);
        let mut fitted = self.learning.fitted.lock().await;
        if *fitted < wanted {
            *fitted = self.fit_anew().await;
        }
    }

    /// Learns from all feedback as it counts now, and returns how much was
    /// given here.
    async fn fit_anew(&self) -> u64 {
        let given = self.learning.given.load(Ordering::Acquire);
        let (known, now) = (self.known(), self.clock.now());
        let feedback = self.learning.state().feedback();
        if feedback.is_empty() {
            return given;
        }
        let fit = move || {
            let prior = |target: &Target| {
                let spec = known.catalogue.spec(&target.provider, &target.model)?;
                Some(spec.prior(target.effort)?.quality.get())
            };
            Taught::fit(&feedback, prior, now)
        };
        match tokio::task::spawn_blocking(fit).await {
            Ok(taught) => self.learning.taught.store(Arc::new(taught)),
            Err(fault) => tracing::error!(%fault, "feedback was not learned from"),
        }
        given
    }

    /// Reads what was learned before, then keeps what is learned and reads
    /// what others learn, until `stop` is cancelled. Without a store it lets
    /// feedback fade.
    pub async fn keep_learning(&self, stop: CancellationToken) {
        let is_new = || self.learning.is_new.load(Ordering::Relaxed);
        let mut is_read = self.exchange_learning(is_new()).await;
        for round in 1_u32.. {
            // Processes that began together do not go on together.
            let share = jitter(RequestId::random(), u64::from(round));
            let pause = INTERVAL.mul_f64(0.75 + share / 2.0);
            let is_over = stop.run_until_cancelled(sleep(pause)).await.is_none();
            self.take_passed_ratings().await;
            if is_new() || !is_read || round.is_multiple_of(READ_AGAIN) {
                is_read = self.exchange_learning(is_new()).await;
            }
            if is_over {
                return;
            }
        }
    }

    /// Reads what others have learned, and keeps what this process has if
    /// there is anything. Returns false if the store did not answer.
    async fn exchange_learning(&self, is_new: bool) -> bool {
        let result = match self.learning.store.as_deref() {
            Some(store) => self.try_exchange(store, is_new).await,
            None => Ok(()),
        };
        if let Err(fault) = &result {
            tracing::warn!(%fault, "what the router has learned was not kept");
            self.learning.is_new.fetch_or(is_new, Ordering::Relaxed);
        }
        // Time has passed, models may have come, and others may have said more.
        let mut fitted = self.learning.fitted.lock().await;
        *fitted = self.fit_anew().await;
        result.is_ok()
    }

    async fn try_exchange(&self, store: &dyn RoutingStore, is_new: bool) -> Result<(), StoreError> {
        let bytes = store.load().await?;
        // What is long is read and written away from those who decide.
        let read = tokio::task::spawn_blocking(move || Kept::read(bytes.as_deref())).await;
        let kept = match read.map_err(|fault| StoreError(fault.to_string()))? {
            Ok(kept) => kept,
            Err(later) => {
                tracing::warn!("{later}; what this one learns is not kept");
                return Ok(());
            }
        };
        // What is learned from here on is for the next time.
        self.learning.is_new.store(false, Ordering::Relaxed);
        let (kept, is_missing) = self.learning.state().exchange(kept, self.clock.now());
        if !is_new && !is_missing {
            return Ok(());
        }
        let written = tokio::task::spawn_blocking(move || (kept.to_bytes(), kept)).await;
        let (bytes, kept) = written.map_err(|fault| StoreError(fault.to_string()))?;
        store.save(&bytes).await?;
        self.learning.state().was_kept(&kept);
        Ok(())
    }
}

/// Returns the text of the last message of the user.
pub(super) fn question(request: &CompletionRequest) -> Cow<'_, str> {
    let mut messages = request.messages.iter().rev();
    let last = messages.find(|message| message.role == Role::User);
    let mut texts = last.into_iter().flat_map(|message| message.texts());
    match (texts.next(), texts.next()) {
        (Some(only), None) => Cow::Borrowed(only),
        (Some(one), Some(two)) => Cow::Owned([one, two].into_iter().chain(texts).collect()),
        (None, _) => Cow::Borrowed(""),
    }
}
