//! What the router learns from calls.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use super::Gateway;
use super::remembered::RememberedCalls;
use crate::domain::{CompletionRequest, RatingStore, RequestId, Role, RoutingStore, Target};
use crate::routing::{
    AnswerLesson, Feedback, RouterState, Taken, TaskClassifier, TaskEstimate, Taught,
};

/// What is known beside the catalogue.
pub(super) struct Learning {
    classifier: Arc<TaskClassifier>,
    state: Mutex<RouterState>,
    taught: ArcSwap<Taught>,
    calls: Mutex<RememberedCalls>,
    pub(super) store: Option<Arc<dyn RoutingStore>>,
    /// Where ratings are left for other processes.
    pub(super) ratings: Option<Arc<dyn RatingStore>>,
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

    /// Learns from an answer.
    pub(super) fn learn(&self, lesson: &AnswerLesson<'_>, now: Timestamp) {
        self.state().learn(lesson, now);
    }

    /// Takes feedback; it counts after the next [`Gateway::fit_feedback`].
    pub(super) fn take(&self, feedback: Feedback, now: Timestamp) -> Taken {
        let taken = self.state().take(feedback, now);
        self.given.fetch_add(1, Ordering::AcqRel);
        taken
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

    /// Learns from all feedback again: time has passed, models may have come,
    /// and others may have said more.
    pub async fn fit_feedback_again(&self) {
        let mut fitted = self.learning.fitted.lock().await;
        *fitted = self.fit_anew().await;
    }

    /// Learns from all feedback as it counts now, and returns how much was
    /// given here.
    async fn fit_anew(&self) -> u64 {
        let given = self.learning.given.load(Ordering::Acquire);
        let (known, now) = (self.known(), self.clock.now());
        let feedback = self.learning.state().feedback();
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
