//! An attempt under way: what it used, and what that costs.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Gateway;
use super::attempt::{Answered, Ended};
use super::billing::billed_model;
use super::call::CallContext;
use super::relay::Relay;
use super::tally::Pending;
use crate::domain::{
    Allowance, Attempt, AttemptId, AttemptOutcome, CompletionRequest, Cost, LedgerEntry, ModelId,
    NanoUsd, Outcome, ProviderAnswer, ProviderError, Target, TokenUsage, Usage,
};
use crate::limit::Reservation;
use crate::routing::{estimate_text_tokens, estimate_tokens};

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
