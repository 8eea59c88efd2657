//! The pipeline: one request from start to finish.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::Gateway;
use super::attempts::Stop;
use super::audit::Origin;
use super::cached::Found;
use super::call::{CallContext, OpenCall};
use super::feedback::{AnswerSource, caller_hash};
use super::refusal;
use super::relay::Relay;
use super::route::Route;
use super::tally::Tally;
use crate::domain::{
    CacheOutcome, ChunkSink, Completion, CompletionRequest, Cost, Effort, Error, NanoUsd,
    TokenUsage, Usage,
};
use crate::limit::Admission;

/// A call that was let in.
pub(super) struct Run<'a> {
    pub(super) origin: Origin<'a>,
    pub(super) request: &'a CompletionRequest,
    pub(super) relay: Option<&'a Relay<'a>>,
    pub(super) admission: &'a Admission,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    /// Several requests may wait for it; each has a line of its own.
    pub(super) is_shared: bool,
}

impl Gateway {
    /// Answers a request: rate, cache, ranking, then one attempt after
    /// another until one is answered, the targets or the time run out.
    ///
    /// Dropping the future cancels the vendor's call; what it used is still
    /// recorded. The origin names the call in the answer, the ledger and errors.
    ///
    /// # Errors
    /// [`Error`] with the contract's type and the attempts that were made.
    pub async fn complete(
        &self,
        origin: Origin<'_>,
        request: &CompletionRequest,
    ) -> Result<Completion, Error> {
        self.answer(origin, request, None).await
    }

    /// Answers a request as [`Gateway::complete`] does, and hands the text to
    /// `sink` while it is made. Once a piece went out, no other target is
    /// tried when this one fails.
    ///
    /// # Errors
    /// As for [`Gateway::complete`]; pieces may have gone out before.
    pub async fn complete_into(
        &self,
        origin: Origin<'_>,
        request: &CompletionRequest,
        sink: &dyn ChunkSink,
    ) -> Result<Completion, Error> {
        let relay = Relay::new(sink);
        self.answer(origin, request, Some(&relay)).await
    }

    async fn answer(
        &self,
        origin: Origin<'_>,
        request: &CompletionRequest,
        relay: Option<&Relay<'_>>,
    ) -> Result<Completion, Error> {
        let open = OpenCall::begin(self, origin, Some(request));
        let result = self.let_in(origin, request, relay).await;
        if request.idempotency_key.is_some() {
            open.end_shared(result.as_ref());
        } else {
            open.end(result.as_ref());
        }
        result
    }

    /// Counts, logs and records a request that a door refuses before it
    /// becomes a call, and returns the refusal. It takes one from the rate
    /// like any other, and is refused for that if there is none.
    pub async fn refused(&self, origin: Origin<'_>, refusal: Error) -> Error {
        let open = OpenCall::begin(self, origin, None);
        let refusal = self
            .limits
            .admit(origin.caller)
            .await
            .err()
            .unwrap_or(refusal);
        open.end(Err(&refusal));
        refusal
    }

    async fn let_in(
        &self,
        origin: Origin<'_>,
        request: &CompletionRequest,
        relay: Option<&Relay<'_>>,
    ) -> Result<Completion, Error> {
        let started = Instant::now();
        let place = Arc::clone(&self.in_flight)
            .try_acquire_owned()
            .map_err(|_| refusal::overloaded(self.settings.max_in_flight))?;
        let admission = self.limits.admit(origin.caller).await?;
        if let Some(key) = &request.idempotency_key {
            let asked = (request, key.as_str());
            return self
                .run_once(origin, asked, relay, (admission, place), started)
                .await;
        }
        let run = Run {
            origin,
            request,
            relay,
            admission: &admission,
            started,
            deadline: started + request.timeout,
            is_shared: false,
        };
        self.run(run).await
    }

    /// Makes a call that was let in.
    pub(super) async fn run(&self, run: Run<'_>) -> Result<Completion, Error> {
        let Run {
            origin: Origin { id, caller, tool },
            request,
            relay,
            admission,
            started,
            deadline,
            is_shared,
        } = run;
        let known = self.known();
        let named = known.named_model(request)?;
        let mut call = CallContext {
            id,
            caller,
            tool,
            request,
            relay,
            known: &known,
            admission,
            affordable: None,
            caller_hash: caller_hash(caller),
            cache: CacheOutcome::BYPASS,
            started,
            deadline,
            is_shared,
        };
        if request.route_only {
            call.affordable = self.limits.affordable(admission, caller).await?;
            let vector = self.embed_as_asked(&call, named).await;
            let route = self.route(&call, named, vector.as_deref())?;
            return dry_run(&call, route);
        }
        let found = self.find_answer(&mut call, named).await?;
        let pending = match found {
            Found::Answer(completion) => {
                let CacheOutcome { status, saved, .. } = completion.cache;
                self.metrics.cache().looked_up(status, saved);
                return Ok(*completion);
            }
            Found::Nothing(pending) => pending,
        };
        self.metrics.cache().looked_up(call.cache.status, None);
        if let Some(relay) = call.relay {
            relay.looked_up(call.cache.status);
        }
        let vector = pending.as_ref().and_then(|pending| pending.vector());
        let route = self.route(&call, named, vector.as_deref())?;
        let task = Some(route.task);
        let completion = self.try_targets(&call, route).await?;
        if let Some(winner) = completion.routing.candidates.first() {
            let (target, place) = (&winner.target, pending.as_ref().map(|open| open.place()));
            let source = AnswerSource {
                target,
                vector,
                place,
                task,
            };
            self.remember(&call, source);
        }
        self.keep_answer(pending, &completion).await;
        Ok(completion)
    }

    /// Tries one target after another. The call's deadline and the end of the
    /// process cut whatever is under way.
    async fn try_targets(
        &self,
        call: &CallContext<'_>,
        mut route: Route,
    ) -> Result<Completion, Error> {
        let mut tally = Tally::default();
        let result = tokio::select! {
            biased;
            () = self.stopping.cancelled() => Err(Stop::Shutdown),
            result = timeout_at(call.deadline, self.attempts(call, &mut route, &mut tally)) => {
                result.unwrap_or(Err(Stop::OutOfTime))
            }
        };
        let mut attempts = std::mem::take(&mut route.report.attempts);
        attempts.extend(tally.cut_attempts());
        let (answered, winner) = match result {
            Ok(found) => found,
            Err(Stop::Refused(mut error)) => {
                error.attempts = attempts;
                return Err(error);
            }
            Err(Stop::Exhausted(failures)) => return Err(failures.into_error(attempts)),
            Err(Stop::OutOfTime) => return Err(refusal::out_of_time(attempts)),
            Err(Stop::Shutdown) => return Err(refusal::stopping(attempts)),
        };
        self.conversations
            .answered(call.caller, call.request, &winner.target);
        let mut dropped = answered.answer.dropped_parameters;
        let effort = winner.target.effort;
        let wants_effort = call.request.effort.is_some_and(|wish| wish != Effort::None);
        if wants_effort && effort.is_none() {
            dropped.push("reasoning_effort");
        }
        Ok(Completion {
            request_id: call.id,
            content: answered.answer.content,
            provider: winner.target.provider.clone(),
            model: answered.answer.model,
            effort,
            finish: Some(answered.answer.finish),
            finish_is_unknown: answered.answer.finish_is_unknown,
            stop_sequence: answered.answer.stop_sequence,
            usage: answered.usage,
            cost: tally.cost(),
            latency: call.started.elapsed(),
            cache: call.cache,
            allowance: call.admission.left().and(answered.left),
            dropped_parameters: dropped,
            routing: route.report.won_by(winner, attempts),
        })
    }
}

fn dry_run(call: &CallContext<'_>, mut route: Route) -> Result<Completion, Error> {
    let Some(first) = route.plan.next(&route.report.candidates).cloned() else {
        return Err(Error::invalid("no target can answer"));
    };
    Ok(Completion {
        request_id: call.id,
        content: Vec::new(),
        provider: first.target.provider,
        model: first.target.model,
        effort: first.target.effort,
        finish: None,
        finish_is_unknown: false,
        stop_sequence: None,
        usage: Usage::estimated(TokenUsage::default()),
        cost: Cost::Priced {
            amount: NanoUsd::ZERO,
            is_incomplete: false,
        },
        latency: call.started.elapsed(),
        cache: CacheOutcome::BYPASS,
        allowance: call.admission.left(),
        dropped_parameters: Vec::new(),
        routing: route.report,
    })
}
