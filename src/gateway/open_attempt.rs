//! An attempt under way: what it used, what that costs, and what its end says
//! of the vendor.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Gateway;
use super::attempt::{Answered, Ask, Ended};
use super::billing::billed_model;
use super::call::CallContext;
use super::circuits::Entry;
use super::disposition::disposition;
use super::refusal::is_our_deadline;
use super::relay::Relay;
use super::tally::Pending;
use super::usual_waits::Waiting;
use crate::domain::{
    Allowance, Attempt, AttemptId, AttemptOutcome, ChunkSink as _, CompletionRequest, Cost,
    LedgerEntry, ModelId, NanoUsd, Outcome, ProviderAnswer, ProviderError, ProviderErrorKind,
    Target, TokenUsage, Usage,
};
use crate::limit::Reservation;
use crate::routing::{estimate_size, estimate_text_tokens, estimate_tokens};

/// The least time that an attempt must have had for its time-out to count
/// against the vendor by itself, and for many of them to mean anything at all
/// (chosen).
const FAIR_TIME: Duration = Duration::from_secs(2);
const SIGNIFICANT_TIME: Duration = Duration::from_millis(500);

/// An attempt under way. Dropped before its end (the caller left, the
/// process stops), it is still entered into the ledger, and what was set
/// aside is given back.
pub(super) struct OpenAttempt<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) call: &'a CallContext<'a>,
    pub(super) id: AttemptId,
    pub(super) target: &'a Target,
    pub(super) request: &'a CompletionRequest,
    pub(super) started: Instant,
    pub(super) started_at: Timestamp,
    pub(super) reservation: Option<Reservation<'a>>,
    /// Where its call finds what is known of it when it is dropped.
    pub(super) pending: &'a mut Pending,
}

impl OpenAttempt<'_> {
    /// Settles and records it.
    pub(super) fn end(mut self, result: Result<ProviderAnswer, ProviderError>) -> Ended {
        let latency = self.started.elapsed();
        let (outcome, error, usage, possible) = match &result {
            Ok(answer) => {
                let usage = answer.usage.unwrap_or_else(|| self.guess(answer));
                (AttemptOutcome::Answered, None, usage, NanoUsd::ZERO)
            }
            Err(error) => {
                let seen = self.seen(error.usage);
                let is_unknown = error.may_be_billed && seen.tokens == TokenUsage::default();
                let possible = if is_unknown {
                    self.guess_cost()
                } else {
                    NanoUsd::ZERO
                };
                (
                    AttemptOutcome::Failed(error.kind),
                    Some(error.to_string()),
                    seen,
                    possible,
                )
            }
        };
        let cost = self.price(&result, &usage);
        let left = self.book(outcome, usage, cost, possible, latency);
        let attempt = Attempt {
            target: self.target.clone(),
            outcome,
            latency,
            error,
        };
        let result = result.map(|answer| Answered {
            answer,
            usage,
            left,
        });
        Ended {
            attempt,
            cost,
            result,
            flaw: None,
        }
    }

    /// Prices what was used, by the model that the answer names, for that is
    /// the one that the vendor bills.
    fn price(&self, result: &Result<ProviderAnswer, ProviderError>, usage: &Usage) -> Cost {
        match result {
            Ok(answer) => self.price_of(&answer.model, usage),
            Err(error) => {
                let served = error.model.as_ref().unwrap_or(&self.target.model);
                self.price_of(served, usage)
            }
        }
    }

    fn price_of(&self, served: &ModelId, usage: &Usage) -> Cost {
        let known = self.call.known;
        if usage.tokens == TokenUsage::default() {
            return Cost::Priced {
                amount: NanoUsd::ZERO,
                is_incomplete: false,
            };
        }
        let provider = &self.target.provider;
        let is_priced = |model: &ModelId| {
            let rates = known.prices.rates(provider, model, 0, self.started_at);
            rates.is_some()
        };
        let Some(model) = billed_model(&known.catalogue, self.target, served, is_priced) else {
            let served = served.as_str();
            tracing::warn!(target = %self.target, served, "a model without a price has answered");
            return Cost::Unpriced;
        };
        known
            .prices
            .cost(provider, &model, &usage.tokens, self.started_at)
    }

    /// Enters the attempt into ledger, limits and metrics.
    fn book(
        &mut self,
        outcome: AttemptOutcome,
        usage: Usage,
        cost: Cost,
        possible: NanoUsd,
        latency: Duration,
    ) -> Allowance {
        let gateway = self.gateway;
        let Some(reservation) = self.reservation.take() else {
            return Allowance::default();
        };
        let (left, budgets) = (reservation.left(), reservation.budgets());
        let tokens = usage
            .tokens
            .total_input()
            .saturating_add(usage.tokens.total_output());
        let excess = reservation.settle(tokens, cost.amount().unwrap_or(NanoUsd::ZERO), possible);
        gateway.metrics.over_hold(excess);
        gateway.metrics.attempt_ended(self.target, outcome, latency);
        if usage.tokens != TokenUsage::default() {
            gateway.metrics.used(self.target, &usage, cost);
        }
        gateway.ledger.record(LedgerEntry {
            id: self.id,
            started_at: self.started_at,
            caller: self.call.caller.clone(),
            target: Some(self.target.clone()),
            outcome: match outcome {
                AttemptOutcome::Answered => Outcome::Answered,
                AttemptOutcome::Failed(kind) => Outcome::Failed(kind.as_caller_sees_it()),
                AttemptOutcome::Cancelled => Outcome::Abandoned,
            },
            usage,
            cost,
            possible_cost: possible,
            latency,
            cache: self.call.cache,
            group: self.call.admission.group(),
            budgets,
            call_latency: (outcome == AttemptOutcome::Answered && !self.call.is_shared)
                .then(|| self.call.started.elapsed()),
        });
        left
    }

    /// Draws conclusions about the vendor.
    pub(super) fn learn(
        &self,
        result: &Result<ProviderAnswer, ProviderError>,
        ask: &Ask<'_>,
        entry: Entry<'_>,
    ) {
        let gateway = self.gateway;
        let latency = self.started.elapsed();
        let metrics = gateway.metrics.reliability();
        match result {
            Ok(answer) => {
                self.measure_stream(answer, latency);
                self.measure_wait(latency);
                if answer.finish_is_unknown {
                    gateway.metrics.unknown_finish(self.target);
                }
                entry.answered(metrics);
                gateway.health.succeeded(
                    self.target,
                    latency,
                    ask.candidate.latency,
                    self.started_at,
                );
            }
            Err(error) if is_our_deadline(error.kind) && latency < self.needs(ask) => {
                if latency >= SIGNIFICANT_TIME {
                    entry.cut(metrics);
                }
            }
            // A caller that does not read proves nothing against a vendor.
            Err(error)
                if is_timeout(error.kind) && self.call.relay.is_some_and(Relay::reader_is_slow) => {
            }
            Err(error) => {
                if error.kind == ProviderErrorKind::RateLimited {
                    gateway.limits.throttled(self.target);
                }
                let is_too_large = error.kind == ProviderErrorKind::TooLargeForPlan;
                let size = is_too_large.then(|| estimate_size(self.request));
                entry.failed(disposition(error), size, metrics);
                gateway.health.failed(self.target, error, self.started_at);
            }
        }
        gateway.report_condition(&self.target.provider);
    }

    /// Returns the time that a vendor usually needs to show what is waited for.
    fn needs(&self, ask: &Ask<'_>) -> Duration {
        let waits_for_first = self.call.relay.is_some_and(|relay| !relay.has_begun());
        let usual = if waits_for_first && ask.form.is_none() {
            ask.candidate.to_first
        } else {
            ask.candidate.latency
        };
        usual.max(FAIR_TIME)
    }

    /// Returns what an attempt without an answer used: what its vendor
    /// reported, but no less than what has arrived of it.
    fn seen(&self, reported: Option<Usage>) -> Usage {
        let usage = reported.unwrap_or(Usage::estimated(TokenUsage::default()));
        let output = self.call.relay.map_or(0, Relay::written);
        if usage.tokens.total_output() >= output {
            return usage;
        }
        let mut tokens = TokenUsage {
            output,
            ..usage.tokens
        };
        if tokens.total_input() == 0 {
            tokens.input = estimate_tokens(self.request);
        }
        Usage::estimated(tokens)
    }

    /// Measures how soon the text began and how fast it came.
    fn measure_stream(&self, answer: &ProviderAnswer, latency: Duration) {
        let Some(sent) = self.call.relay.and_then(Relay::sent) else {
            return;
        };
        let to_first = sent.began.saturating_duration_since(self.started);
        let flow = latency.saturating_sub(to_first);
        let visible = answer.usage.map_or(0, |usage| usage.tokens.output);
        let tokens = visible.max(sent.tokens.tokens());
        self.gateway
            .metrics
            .streamed(self.target, to_first, tokens, flow);
    }

    /// Remembers how long it took, where that decides when to hedge.
    fn measure_wait(&self, latency: Duration) {
        if !self.gateway.settings.hedging {
            return;
        }
        let began = self.call.relay.and_then(Relay::sent).map(|sent| sent.began);
        let (waiting, wait) = match began {
            Some(began) => {
                let wait = began.saturating_duration_since(self.started);
                (Waiting::ForFirst, wait)
            }
            None => (Waiting::ForWhole, latency),
        };
        self.gateway.waits.record(self.target, waiting, wait);
    }

    fn guess(&self, answer: &ProviderAnswer) -> Usage {
        Usage::estimated(TokenUsage {
            input: estimate_tokens(self.request),
            output: estimate_text_tokens(&answer.text()),
            ..TokenUsage::default()
        })
    }

    /// Guesses what the vendor bills for an attempt that it never reported.
    fn guess_cost(&self) -> NanoUsd {
        self.gateway
            .guess_cost(self.call.known, self.request, self.target, self.started_at)
    }
}

impl Drop for OpenAttempt<'_> {
    fn drop(&mut self) {
        if self.reservation.is_some() {
            let latency = self.started.elapsed();
            let seen = self.seen(None);
            let cost = self.price_of(&self.target.model, &seen);
            // The vendor may have made the rest by the time it is told.
            let known = cost.amount().unwrap_or(NanoUsd::ZERO);
            let possible = self.guess_cost().excess_over(known);
            if let Some(pending) = self.pending.as_mut() {
                pending.left = Some(cost);
            }
            self.book(AttemptOutcome::Cancelled, seen, cost, possible, latency);
        }
    }
}

const fn is_timeout(kind: ProviderErrorKind) -> bool {
    matches!(kind, ProviderErrorKind::Timeout(_))
}
