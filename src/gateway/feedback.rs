//! What callers say of answers.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::Gateway;
use super::call::CallContext;
use super::judge::BACKGROUND;
use super::learning::question;
use super::remembered::{Remembered, cut};
use crate::domain::{CacheKey, CacheScope, Caller, Error, Ratio, RequestId, Target, TaskLabel};
use crate::routing::{Features, Feedback, Qualities as _, TaskEstimate, TaskMix, Taught};

/// An answer of which less is said is not served to others (chosen).
const FIT_TO_SERVE: f64 = 0.3;

/// What feedback has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedbackEffect {
    /// Who answered.
    pub target: Target,
    /// What the prompt was taken for.
    pub task: TaskLabel,
    /// The quality that the catalogue says, 0 to 1.
    pub prior: f64,
    /// What was expected of the target for this prompt before, 0 to 1.
    pub before: f64,
    /// What is expected now.
    pub after: f64,
    /// How many answers of the target have feedback.
    pub feedback: u64,
    /// What the caller had said of the answer before.
    pub replaced: Option<f64>,
    /// True if the stored answer was forgotten.
    pub is_forgotten: bool,
}

/// Where an answer comes from, for those who speak of it later.
pub(super) struct AnswerSource<'a> {
    pub(super) target: &'a Target,
    pub(super) vector: Option<Arc<[f32]>>,
    pub(super) place: Option<(CacheScope, CacheKey)>,
    pub(super) task: Option<TaskEstimate>,
}

impl Remembered {
    /// Names the answer: one that is kept for repeats has one rating of each
    /// caller, however often it is served.
    fn answer(&self, id: RequestId) -> u128 {
        match self.place {
            Some((CacheScope(scope), CacheKey(key))) => {
                first_bits(&[&scope, &key, self.caller.as_str().as_bytes()])
            }
            None => id.bits(),
        }
    }
}

/// Names a caller in what is learned, where its name has no business.
pub(super) fn caller_hash(caller: &Caller) -> u64 {
    first_bits(&[caller.as_str().as_bytes()]) as u64
}

/// Hashes pieces of which the last alone has no fixed length.
fn first_bits(pieces: &[&[u8]]) -> u128 {
    let mut hash = Sha256::new();
    pieces.iter().for_each(|piece| hash.update(piece));
    let bits = hash.finalize();
    bits.first_chunk().copied().map_or(0, u128::from_be_bytes)
}

impl Gateway {
    /// Keeps in mind how a call was answered.
    pub(super) fn remember(&self, call: &CallContext<'_>, source: AnswerSource<'_>) {
        if call.caller.as_str() == BACKGROUND {
            return;
        }
        let AnswerSource {
            target,
            vector,
            place,
            task,
        } = source;
        let told = call.request.requirements.task.map(TaskEstimate::told);
        let remembered = Remembered {
            caller: call.caller.clone(),
            target: target.clone(),
            task: task.or(told),
            prompt: cut(&question(call.request)),
            vector,
            place,
            score: None,
        };
        self.learning.calls().add(call.id, remembered);
    }

    /// Learns from what a caller says of the answer to a call of the last day,
    /// and forgets a stored answer that is bad. What is said again replaces
    /// what was said before.
    ///
    /// # Errors
    /// `caller_invalid_request` if this process does not know the call, or
    /// somebody else made it; what limits say.
    pub async fn submit_feedback(
        &self,
        caller: &Caller,
        id: RequestId,
        score: Ratio,
    ) -> Result<FeedbackEffect, Error> {
        self.limits.admit(caller).await?;
        let (call, replaced) = self.scored(caller, id, score)?;
        let read = || Features::read(&call.prompt, call.vector.as_deref());
        let prior = self.prior(&call.target);
        let task = call.task.unwrap_or_else(|| {
            let vector = call.vector.as_deref();
            self.learning.classify_prompt(&call.prompt, vector)
        });
        let expected = |taught: &Taught| {
            let qualities = taught.of(&TaskMix::of(&task), read);
            let Target {
                provider,
                model,
                effort,
            } = &call.target;
            qualities.of((provider, model, *effort), prior)
        };
        let before = expected(&self.learning.taught()).expected();
        let now = self.clock.now();
        let feedback = Feedback {
            call: call.answer(id),
            caller: caller_hash(caller),
            provider: call.target.provider.clone(),
            model: call.target.model.clone(),
            effort: call.target.effort,
            task: task.label,
            score: score.get() as f32,
            at_s: now.as_second(),
            features: Arc::new(read()),
        };
        self.learning.take(feedback, now);
        self.fit_feedback().await;
        let belief = expected(&self.learning.taught());
        let is_bad = score.get() < FIT_TO_SERVE;
        let place = call.place.filter(|_| is_bad);
        if let Some(place) = place {
            self.cache.evict(place);
        }
        Ok(FeedbackEffect {
            task: task.label,
            prior,
            before,
            after: belief.expected(),
            feedback: belief.feedback as u64,
            replaced,
            is_forgotten: place.is_some(),
            target: call.target,
        })
    }

    /// Finds a call and notes the score in it; returns the score before.
    fn scored(
        &self,
        caller: &Caller,
        id: RequestId,
        score: Ratio,
    ) -> Result<(Remembered, Option<f64>), Error> {
        let mut calls = self.learning.calls();
        let call = calls.get_mut(id);
        // To others the call is as if it were not there.
        let call = call.filter(|call| call.caller == *caller).ok_or_else(|| {
            Error::invalid(format!(
                "no call {id} of yours was answered here within a day, or too many since"
            ))
        })?;
        let replaced = call.score.replace(score.get());
        Ok((call.clone(), replaced))
    }

    fn prior(&self, target: &Target) -> f64 {
        let known = self.known();
        let spec = known.catalogue.spec(&target.provider, &target.model);
        let prior = spec.and_then(|spec| spec.prior(target.effort));
        prior.map_or(0.5, |prior| prior.quality.get())
    }
}
