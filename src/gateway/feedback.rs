//! What callers say of answers.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::task::yield_now;
use tokio::time::sleep;

use super::Gateway;
use super::call::CallContext;
use super::judge::BACKGROUND;
use super::kept_learning::Saved;
use super::learning::question;
use super::remembered::{Remembered, cut};
use crate::domain::{
    CacheKey, CacheScope, Caller, Error, ErrorKind, PassedRating, Ratio, RequestId, Target,
    TaskLabel,
};
use crate::routing::{Features, Feedback, Qualities as _, Taken, TaskEstimate, TaskMix, Taught};

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

/// What was asked, as the router sees it.
#[derive(Clone)]
struct Read {
    task: TaskEstimate,
    features: Arc<Features>,
}

/// What a rating has done.
#[derive(Default)]
struct Rated {
    replaced: Option<f64>,
    is_forgotten: bool,
}

impl Remembered {
    fn features(&self) -> Features {
        Features::read(&self.prompt, self.vector.as_deref())
    }

    /// Names the answer: what a target says to a question that is kept for
    /// repeats has one rating of each caller, however often it is served.
    fn answer(&self, id: RequestId) -> u128 {
        match self.place.filter(|_| !self.is_forgotten) {
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
            rated_at: None,
            is_forgotten: false,
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
        let Some((call, _)) = self.scored(&rating) else {
            return self.pass_on(rating).await;
        };
        let read = self.read(&call);
        let task = read.task;
        let prior = self.prior(&call.target);
        let expected = |taught: &Taught| {
            let qualities = taught.of(&TaskMix::of(&task), || (*read.features).clone());
            let Target {
                provider,
                model,
                effort,
            } = &call.target;
            qualities.of((provider, model, *effort), prior)
        };
        let before = expected(&self.learning.taught()).expected();
        let rated = self.rate(&call, &rating, read.clone());
        self.fit_feedback().await;
        let belief = expected(&self.learning.taught());
        Ok(FeedbackOutcome::Learned(Box::new(FeedbackEffect {
            task: task.label,
            prior,
            before,
            after: belief.expected(),
            feedback: belief.feedback as u64,
            replaced: rated.replaced,
            is_forgotten: rated.is_forgotten,
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
            let Some((call, is_news)) = self.scored(&rating) else {
                continue;
            };
            if is_news {
                self.rate(&call, &rating, self.read(&call));
                yield_now().await;
            }
            known.push(rating);
        }
        known
    }

    /// Forgets what was passed on and learned from, if that is kept.
    pub(super) async fn forget_passed_ratings(&self, taken: Vec<PassedRating>, saved: Saved) {
        if let Some(store) = self.learning.ratings.as_deref()
            && saved != Saved::Failed
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

    /// Takes in what was said of an answer. One that is bad is served no more.
    fn rate(&self, call: &Remembered, rating: &PassedRating, read: Read) -> Rated {
        let (id, answer) = (rating.request, call.answer(rating.request));
        let feedback = Feedback {
            call: answer,
            caller: caller_hash(&rating.caller),
            provider: call.target.provider.clone(),
            model: call.target.model.clone(),
            effort: call.target.effort,
            task: read.task.label,
            score: rating.score.get() as f32,
            at_s: rating.at.as_second(),
            features: read.features,
        };
        let taken = self.learning.take(feedback, self.clock.now());
        let Taken::New { replaced } = taken else {
            return Rated::default();
        };
        let is_bad = rating.score.get() < FIT_TO_SERVE;
        let place = call.place.filter(|_| is_bad);
        if let Some(place) = place {
            self.cache.evict(place);
            // What is said there from now on is another answer.
            self.learning.state().rename(answer, id.bits());
            if let Some(call) = self.learning.calls().get_mut(id) {
                call.is_forgotten = true;
            }
        }
        Rated {
            replaced: replaced.map(f64::from),
            is_forgotten: place.is_some(),
        }
    }

    /// Finds a call and notes when it was rated, if this is the latest that was
    /// said of it. To others the call is as if it were not there.
    fn scored(&self, rating: &PassedRating) -> Option<(Remembered, bool)> {
        let mut calls = self.learning.calls();
        let call = calls.get_mut(rating.request)?;
        if call.caller != rating.caller {
            return None;
        }
        let is_news = call.rated_at.is_none_or(|at| at < rating.at);
        if is_news {
            call.rated_at = Some(rating.at);
        }
        Some((call.clone(), is_news))
    }

    /// Looks at what was asked.
    fn read(&self, call: &Remembered) -> Read {
        Read {
            task: self.task(call),
            features: Arc::new(call.features()),
        }
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
            rated_at: None,
            is_forgotten: false,
        }
    }

    #[test]
    fn who_answers_a_question_anew_gives_another_answer() {
        let [one, two] = [1, 2].map(RequestId::from_bits);
        let first = answered("a", "alice", Some(1)).answer(one);

        assert_eq!(answered("a", "alice", Some(1)).answer(two), first);
        let mut forgotten = answered("a", "alice", Some(1));
        forgotten.is_forgotten = true;
        for other in [
            forgotten,
            answered("b", "alice", Some(1)),
            answered("a", "bob", Some(1)),
            answered("a", "alice", Some(2)),
            answered("a", "alice", None),
        ] {
            assert_ne!(other.answer(two), first, "{other:?}");
        }
    }
}
