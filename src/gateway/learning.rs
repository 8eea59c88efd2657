//! What the router learns from calls.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::{CompletionRequest, Role};
use crate::routing::{AnswerLesson, Experience, TaskClassifier, TaskEstimate};

/// What is known beside the catalogue.
pub(super) struct Learning {
    classifier: Arc<TaskClassifier>,
    experience: Mutex<Experience>,
}

impl Learning {
    pub(super) fn new(classifier: Arc<TaskClassifier>) -> Self {
        Self {
            classifier,
            experience: Mutex::default(),
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
            None => self.classifier.classify(&question(request), vector),
        }
    }

    /// Opens the record of answers. Nobody writes into it meanwhile, so hold
    /// it for a moment only.
    pub(super) fn experience(&self) -> MutexGuard<'_, Experience> {
        self.experience
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from an answer.
    pub(super) fn learn(&self, lesson: &AnswerLesson<'_>, now: Timestamp) {
        self.experience().learn(lesson, now);
    }
}

/// Returns the text of the last message of the user.
fn question(request: &CompletionRequest) -> Cow<'_, str> {
    let mut messages = request.messages.iter().rev();
    let last = messages.find(|message| message.role == Role::User);
    let mut texts = last.into_iter().flat_map(|message| message.texts());
    match (texts.next(), texts.next()) {
        (Some(only), None) => Cow::Borrowed(only),
        (Some(one), Some(two)) => Cow::Owned([one, two].into_iter().chain(texts).collect()),
        (None, _) => Cow::Borrowed(""),
    }
}
