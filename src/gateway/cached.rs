//! The cache's place in a call: what is stored is handed out, and equal
//! questions at the same time are asked once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Gateway;
use super::billing::billed_model;
use super::call::CallContext;
use super::feedback::AnswerSource;
use super::judge::Judgement;
use super::refusal;
use crate::cache::{Answer, Asked, Door, Follow, Hit, Joined, Lead, Question, Shared};
use crate::domain::{
    CacheKey, CacheOutcome, CacheScope, Chunk, ChunkSink as _, Completion, ContentPart, Cost,
    Error, FinishReason, ModelSpec, NanoUsd, RoutingReport, Target, TaskGuess,
};

/// After so many others failed with the same question, a call asks by itself.
const MAX_FOLLOWED: u32 = 2;
/// What a look into the cache may take of a call's time, store and embedder
/// included.
const LOOK_UP: Duration = Duration::from_millis(300);
/// A stored answer is replayed in pieces of about so many bytes.
const PIECE_BYTES: usize = 256;

/// What the cache has for a call.
pub(super) enum Found {
    /// The answer.
    Answer(Box<Completion>),
    /// Nothing; what is to be kept of the answer, if anything is.
    Nothing(Option<Box<Pending>>),
}

impl Pending {
    /// Returns the question as a vector, if it was made.
    pub(super) fn vector(&self) -> Option<Arc<[f32]>> {
        self.question.vector()
    }

    /// Returns where its answer will lie.
    pub(super) fn place(&self) -> (CacheScope, CacheKey) {
        self.question.place()
    }
}

/// A question that is about to be asked.
pub(super) struct Pending {
    question: Question,
    /// Others wait for it.
    lead: Option<Lead>,
    /// A stored answer that nearly served it.
    near: Option<Judgement>,
}

impl Gateway {
    /// Looks for the answer to a call among those that are stored and those
    /// that are being made, and says in the call how that went.
    ///
    /// # Errors
    /// `gateway_timeout` if the call's time is over, or the process ends.
    pub(super) async fn find_answer(
        &self,
        call: &mut CallContext<'_>,
        named: Option<&ModelSpec>,
    ) -> Result<Found, Error> {
        let Some(mut question) = self.question(call, named) else {
            return Ok(Found::Nothing(None));
        };
        if named.is_none() {
            self.cache.narrow(&mut question, || call.models());
        }
        call.cache = CacheOutcome::MISS;
        let call = &*call;
        let may_serve = |answer: &Answer| call.may_have(&answer.target);
        let mut followed = 0;
        let lead = loop {
            let find = self.cache.find(&question, &may_serve);
            if let Ok(Some(hit)) = timeout_at(call.look_up_end(), find).await {
                return Ok(Found::Answer(Box::new(self.replay(call, &hit).await)));
            }
            // A stream would wait in silence for the whole of another's answer,
            // and others for its reader.
            let joined = match call.relay {
                None => self.cache.join(&question),
                Some(_) => None,
            };
            match joined {
                Some(Joined::First(lead)) => break Some(lead),
                Some(Joined::Later(follow)) if followed < MAX_FOLLOWED => {
                    followed += 1;
                    match self.follow(call, follow).await? {
                        Some(Shared::Made(made)) if call.may_have_made(&made) => {
                            self.remember_shared(call, &made, question.place());
                            return Ok(Found::Answer(Box::new(shared(call, &made))));
                        }
                        Some(Shared::Found(hit))
                            if may_serve(hit.answer())
                                && question.accepts(&hit, self.clock.now()) =>
                        {
                            return Ok(Found::Answer(Box::new(self.replay(call, &hit).await)));
                        }
                        Some(_) => break None,
                        None => {}
                    }
                }
                Some(Joined::Later(_)) | None => break None,
            }
        };
        let similar = self.cache.find_similar(&mut question, &may_serve);
        let similar = timeout_at(call.look_up_end(), similar).await;
        let (hit, check) = similar.unwrap_or_default();
        let judgement = check.and_then(|check| self.judgement(call, check));
        if let Some(hit) = hit {
            if let Some(lead) = lead {
                lead.end(|| Shared::Found(hit.clone()));
            }
            if let Some(judgement) = judgement {
                self.judge_later(judgement);
            }
            return Ok(Found::Answer(Box::new(self.replay(call, &hit).await)));
        }
        Ok(Found::Nothing(Some(Box::new(Pending {
            question,
            lead,
            near: judgement,
        }))))
    }

    fn question(&self, call: &CallContext<'_>, named: Option<&ModelSpec>) -> Option<Question> {
        let door = if call.tool.starts_with('/') {
            Door::V1
        } else {
            Door::Mcp
        };
        let group = call.admission.group();
        self.cache.question(&Asked {
            request: call.request,
            caller: call.caller,
            group: group.as_deref(),
            named,
            door,
        })
    }

    /// Embeds the question of a call that asks nobody, if it would be embedded
    /// otherwise, so that it is routed as it would be.
    pub(super) async fn embed_as_asked(
        &self,
        call: &CallContext<'_>,
        named: Option<&ModelSpec>,
    ) -> Option<Arc<[f32]>> {
        let mut question = self.question(call, named)?;
        if !question.is_looked_up_by_meaning() {
            return None;
        }
        let vector = self.cache.vector(&mut question);
        timeout_at(call.look_up_end(), vector).await.ok().flatten()
    }

    /// Keeps the answer to a question, and gives it to those who wait. Where
    /// other processes share the store it waits, for a short time, until they
    /// can find it.
    pub(super) async fn keep_answer(&self, pending: Option<Box<Pending>>, completion: &Completion) {
        let Some(pending) = pending else {
            return;
        };
        let keeping = self.cache.store(pending.question, completion);
        if let Some(lead) = pending.lead {
            lead.end(|| Shared::Made(completion.clone().into()));
        }
        // A question with an answer of its own needs no other's.
        let near = pending.near;
        if let Some(near) = near.filter(|near| near.counts() || keeping.is_none()) {
            self.judge_later(near);
        }
        if let Some(keeping) = keeping {
            keeping.visible().await;
        }
    }

    async fn follow(
        &self,
        call: &CallContext<'_>,
        follow: Follow,
    ) -> Result<Option<Shared>, Error> {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => Err(refusal::stopping(Vec::new())),
            ended = timeout_at(call.last_moment(), follow.wait()) => {
                ended.map_err(|_| refusal::out_of_time(Vec::new()))
            }
        }
    }

    /// Answers a call with what is stored, piece by piece where the caller
    /// reads it so.
    async fn replay(&self, call: &CallContext<'_>, hit: &Hit) -> Completion {
        let answer = hit.answer();
        let source = AnswerSource {
            target: &answer.target,
            vector: None,
            place: Some(hit.place()),
            task: None,
        };
        self.remember(call, source);
        let cache = CacheOutcome {
            status: hit.status,
            age: Some(hit.age),
            saved: self.price(call, answer),
        };
        if let Some(relay) = call.relay {
            relay.looked_up(hit.status);
            for piece in pieces(&answer.text) {
                let chunk = Chunk::Text(piece.to_owned());
                relay.push(&answer.target, chunk).await;
            }
        }
        Completion {
            request_id: call.id,
            content: vec![ContentPart::Text(answer.text.clone())],
            provider: answer.target.provider.clone(),
            model: answer.model.clone(),
            effort: answer.target.effort,
            finish: Some(FinishReason::Stop),
            finish_is_unknown: false,
            stop_sequence: answer.stop_sequence.clone(),
            usage: answer.usage,
            cost: FREE,
            latency: call.started.elapsed(),
            cache,
            allowance: call.admission.left(),
            dropped_parameters: answer.dropped_parameters.clone(),
            routing: asked_nobody(
                answer.task,
                format!("{} answered this question before", answer.target),
            ),
        }
    }

    fn remember_shared(
        &self,
        call: &CallContext<'_>,
        made: &Completion,
        place: (CacheScope, CacheKey),
    ) {
        if let Some(winner) = made.routing.candidates.first() {
            let source = AnswerSource {
                target: &winner.target,
                vector: None,
                place: Some(place),
                task: None,
            };
            self.remember(call, source);
        }
    }

    /// Returns what the answer would cost if it were made now.
    fn price(&self, call: &CallContext<'_>, answer: &Answer) -> Option<NanoUsd> {
        let (known, provider, now) = (call.known, &answer.target.provider, self.clock.now());
        let is_priced = |model: &_| known.prices.rates(provider, model, 0, now).is_some();
        let model = billed_model(&known.catalogue, &answer.target, &answer.model, is_priced)?;
        let cost = known
            .prices
            .cost(provider, &model, &answer.usage.tokens, now);
        cost.amount()
    }
}

impl CallContext<'_> {
    /// Returns when what was not found by then counts as a miss.
    fn look_up_end(&self) -> Instant {
        (Instant::now() + LOOK_UP).min(self.last_moment())
    }

    /// Returns the models that the caller may use.
    fn models(&self) -> Vec<String> {
        let models = self.known.catalogue.models().iter();
        let allowed = models.filter(|spec| self.admission.allows(spec));
        allowed.map(ModelSpec::canonical).collect()
    }

    /// Tells whether the caller may have an answer of a target.
    fn may_have(&self, target: &Target) -> bool {
        let spec = self.known.catalogue.spec(&target.provider, &target.model);
        spec.is_some_and(|spec| self.admission.allows(spec))
    }

    fn may_have_made(&self, completion: &Completion) -> bool {
        let winner = completion.routing.candidates.first();
        winner.is_some_and(|winner| self.may_have(&winner.target))
    }
}

const FREE: Cost = Cost::Priced {
    amount: NanoUsd::ZERO,
    is_incomplete: false,
};

/// Answers a call with what an equal one got at the same time.
fn shared(call: &CallContext<'_>, made: &Completion) -> Completion {
    Completion {
        request_id: call.id,
        cost: FREE,
        latency: call.started.elapsed(),
        cache: CacheOutcome::MISS,
        allowance: call.admission.left(),
        routing: asked_nobody(
            made.routing.task,
            format!(
                "an equal call at the same time was answered, {}",
                made.request_id
            ),
        ),
        ..made.clone()
    }
}

fn asked_nobody(task: TaskGuess, reason: String) -> RoutingReport {
    RoutingReport {
        task,
        reason,
        candidates: Vec::new(),
        attempts: Vec::new(),
        decision: None,
    }
}

/// Cuts a text where words end, each piece no longer than
/// [`PIECE_BYTES`] unless one word is.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = 0;
        for word in rest.split_inclusive(char::is_whitespace) {
            if end > 0 && end + word.len() > PIECE_BYTES {
                break;
            }
            end += word.len();
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_text() {
        for text in ["", "a", "äöü ", &"word ".repeat(200), &"é".repeat(1_000)] {
            let all: Vec<&str> = pieces(text).collect();

            assert_eq!(all.concat(), text);
            assert!(all.iter().all(|piece| !piece.is_empty()));
        }
        assert_eq!(pieces(&"word ".repeat(200)).count(), 4);
    }
}
