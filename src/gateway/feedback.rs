//! What callers say of answers.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::task::yield_now;
use tokio::time::sleep;

use super::Gateway;
use super::call::CallContext;
use super::judge::BACKGROUND;
use super::learning::question;
use super::remembered::{Remembered, cut};
use crate::domain::{
    CacheKey, CacheScope, Caller, Error, ErrorKind, PassedRating, Ratio, RequestId, Target,
    TaskLabel,
};
use crate::routing::{Features, Feedback, Qualities as _, TaskEstimate, TaskMix, Taught};

/// An answer of which less is said is not served to others (chosen).
const FIT_TO_SERVE: f64 = 0.3;
/// The record of a call is there within a second: so often it is looked for,
/// and so long after it was not there.
const RECORDED_WITHIN: u32 = 3;
const RECORDED_AFTER: Duration = Duration::from_millis(600);

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

/// What became of feedback.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedbackOutcome {
    /// It counts.
    Learned(Box<FeedbackEffect>),
    /// Another process gave the answer, and learns from it within minutes.
    PassedOn,
}

/// Where an answer comes from, for those who speak of it later.
pub(super) struct AnswerSource<'a> {
    pub(super) target: &'a Target,
    pub(super) vector: Option<Arc<[f32]>>,
    pub(super) place: Option<(CacheScope, CacheKey)>,
    pub(super) task: Option<TaskEstimate>,
}

impl Remembered {
    fn features(&self) -> Features {
        Features::read(&self.prompt, self.vector.as_deref())
    }

    /// Names the answer: what a target says to a question that is kept for
    /// repeats has one rating of each caller, however often it is served.
    fn answer(&self, id: RequestId) -> u128 {
        match self.place {
            Some((CacheScope(scope), CacheKey(key))) => {
                let who = format!("{}\n{}", self.target, self.caller);
                first_bits(&[&scope, &key, who.as_bytes()])
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
    /// what was said before. Of an answer that another process gave, that one
    /// is told.
    ///
    /// # Errors
    /// `caller_invalid_request` if nobody knows the call, or somebody else made
    /// it; what limits say; `gateway_overloaded` where the store does not
    /// answer that is to tell others.
    pub async fn submit_feedback(
        &self,
        caller: &Caller,
        id: RequestId,
        score: Ratio,
    ) -> Result<FeedbackOutcome, Error> {
        // Its place is kept while others are asked.
        let _admission = self.limits.admit(caller).await?;
        let rating = PassedRating {
            request: id,
            caller: caller.clone(),
            score,
            at: self.clock.now(),
        };
        let Some((call, replaced)) = self.scored(&rating) else {
            return self.pass_on(rating).await;
        };
        let features = Arc::new(call.features());
        let task = self.task(&call);
        let prior = self.prior(&call.target);
        let expected = |taught: &Taught| {
            let qualities = taught.of(&TaskMix::of(&task), || (*features).clone());
            let Target {
                provider,
                model,
                effort,
            } = &call.target;
            qualities.of((provider, model, *effort), prior)
        };
        let before = expected(&self.learning.taught()).expected();
        let is_forgotten = self.rate(&call, &rating, (task.label, Arc::clone(&features)));
        self.fit_feedback().await;
        let belief = expected(&self.learning.taught());
        Ok(FeedbackOutcome::Learned(Box::new(FeedbackEffect {
            task: task.label,
            prior,
            before,
            after: belief.expected(),
            feedback: belief.feedback as u64,
            replaced,
            is_forgotten,
            target: call.target,
        })))
    }

    /// Learns from what callers said elsewhere of answers that were given
    /// here, and returns what is to be forgotten there once that is kept.
    pub(super) async fn learn_passed_ratings(&self) -> Vec<PassedRating> {
        let Some(store) = self.learning.ratings.as_deref() else {
            return Vec::new();
        };
        let passed_on = store.passed_on().await.unwrap_or_else(|fault| {
            tracing::warn!(%fault, "feedback that other instances took in was not read");
            Vec::new()
        });
        let mut known = Vec::new();
        for rating in passed_on {
            let Some(is_news) = self.knows(&rating) else {
                continue;
            };
            if is_news && let Some((call, _)) = self.scored(&rating) {
                let features = Arc::new(call.features());
                self.rate(&call, &rating, (self.task(&call).label, features));
                yield_now().await;
            }
            known.push(rating);
        }
        known
    }

    /// Forgets what was passed on and is learned from.
    pub(super) async fn forget_passed_ratings(&self, taken: Vec<PassedRating>) {
        if let Some(store) = self.learning.ratings.as_deref()
            && !taken.is_empty()
            && let Err(fault) = store.take(&taken).await
        {
            tracing::warn!(%fault, "feedback of other instances is taken again");
        }
    }

    /// Leaves a rating for the process that gave the answer.
    async fn pass_on(&self, rating: PassedRating) -> Result<FeedbackOutcome, Error> {
        if let Some(store) = self.learning.ratings.as_deref() {
            for attempt in 0..RECORDED_WITHIN {
                if attempt > 0 {
                    sleep(RECORDED_AFTER).await;
                }
                match store.pass_on(&rating).await {
                    Ok(true) => return Ok(FeedbackOutcome::PassedOn),
                    Ok(false) => {}
                    Err(fault) => {
                        tracing::warn!(%fault, "feedback was not passed on");
                        let message = "the store that passes feedback on does not answer just now";
                        return Err(Error {
                            is_retryable: true,
                            retry_after: Some(RECORDED_AFTER),
                            ..Error::new(ErrorKind::GatewayOverloaded, message)
                        });
                    }
                }
            }
        }
        let id = rating.request;
        let message = format!("no call {id} of yours was answered within a day, or too many since");
        Err(Error::invalid(message))
    }

    /// Takes in what was said of an answer; true if the stored answer was
    /// forgotten for it.
    fn rate(
        &self,
        call: &Remembered,
        rating: &PassedRating,
        (task, features): (TaskLabel, Arc<Features>),
    ) -> bool {
        let feedback = Feedback {
            call: call.answer(rating.request),
            caller: caller_hash(&rating.caller),
            provider: call.target.provider.clone(),
            model: call.target.model.clone(),
            effort: call.target.effort,
            task,
            score: rating.score.get() as f32,
            at_s: rating.at.as_second(),
            features,
        };
        self.learning.take(feedback, self.clock.now());
        let is_bad = rating.score.get() < FIT_TO_SERVE;
        let place = call.place.filter(|_| is_bad);
        if let Some(place) = place {
            self.cache.evict(place);
        }
        place.is_some()
    }

    /// Tells whether a rating says something new of a call that was answered
    /// here; `None` if it was not.
    fn knows(&self, rating: &PassedRating) -> Option<bool> {
        let mut calls = self.learning.calls();
        let call = calls.get_mut(rating.request)?;
        let is_news = call.score.is_none_or(|(_, at)| at < rating.at);
        (call.caller == rating.caller).then_some(is_news)
    }

    /// Finds a call and notes the score in it; returns the score before. To
    /// others the call is as if it were not there.
    fn scored(&self, rating: &PassedRating) -> Option<(Remembered, Option<f64>)> {
        let mut calls = self.learning.calls();
        let call = calls.get_mut(rating.request)?;
        if call.caller != rating.caller {
            return None;
        }
        let before = call.score.replace((rating.score.get(), rating.at));
        Some((call.clone(), before.map(|(score, _)| score)))
    }

    /// Returns the kind of work that a call was.
    fn task(&self, call: &Remembered) -> TaskEstimate {
        call.task.unwrap_or_else(|| {
            let vector = call.vector.as_deref();
            self.learning.classify_prompt(&call.prompt, vector)
        })
    }

    fn prior(&self, target: &Target) -> f64 {
        let known = self.known();
        let spec = known.catalogue.spec(&target.provider, &target.model);
        let prior = spec.and_then(|spec| spec.prior(target.effort));
        prior.map_or(0.5, |prior| prior.quality.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ModelId, ProviderName};

    fn answered(model: &str, caller: &str, place: Option<u8>) -> Remembered {
        Remembered {
            caller: Caller::new(caller),
            target: Target {
                provider: ProviderName::new("openai"),
                model: ModelId::new(model),
                effort: None,
            },
            task: None,
            prompt: "x".into(),
            vector: None,
            place: place.map(|place| (CacheScope([1; 32]), CacheKey([place; 32]))),
            score: None,
        }
    }

    #[test]
    fn who_answers_a_question_anew_gives_another_answer() {
        let [one, two] = [1, 2].map(RequestId::from_bits);
        let first = answered("a", "alice", Some(1)).answer(one);

        assert_eq!(answered("a", "alice", Some(1)).answer(two), first);
        for other in [
            answered("b", "alice", Some(1)),
            answered("a", "bob", Some(1)),
            answered("a", "alice", Some(2)),
            answered("a", "alice", None),
        ] {
            assert_ne!(other.answer(two), first, "{other:?}");
        }
    }
}
