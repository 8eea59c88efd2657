//! What an attempt can use at most, and probably uses.

use jiff::Timestamp;
use tokio::time::Instant;

use super::Gateway;
use super::attempt::Ask;
use super::call::CallContext;
use super::knowledge::Knowledge;
use crate::domain::{AttemptId, CompletionRequest, FilterReason, ModelSpec, NanoUsd, Target};
use crate::limit::{Denied, Reservation, Wish};
use crate::routing::{Ranking, estimate_tokens, upper_bound_tokens};

/// How large a request is at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Tokens of input.
    pub(super) input: u64,
    /// Tokens of visible output.
    pub(super) output: u32,
}

impl Size {
    pub(super) fn of(request: &CompletionRequest) -> Self {
        Self {
            input: upper_bound_tokens(request),
            output: request.max_tokens,
        }
    }
}

/// What an attempt cannot exceed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) tokens: u64,
    /// `None` where no price is known.
    pub(super) cost: Option<NanoUsd>,
}

impl Gateway {
    /// Bounds what a request uses at a target: a token per byte of input, and
    /// all output that is asked for, thinking included.
    pub(super) fn most(
        &self,
        known: &Knowledge,
        Size { input, output }: Size,
        target: &Target,
        spec: &ModelSpec,
    ) -> Most {
        let allowance = spec.request.allowance(target.effort);
        let output = u64::from(output.saturating_add(allowance));
        let rates = known
            .prices
            .rates(&target.provider, &target.model, input, self.clock.now());
        Most {
            tokens: input.saturating_add(output),
            cost: rates.map(|rates| rates.upper_bound(input, output)),
        }
    }

    /// Rules out the targets that may cost more than is `left` of a budget.
    pub(super) fn rule_out_unaffordable(
        &self,
        ranking: &mut Ranking,
        known: &Knowledge,
        size: Size,
        left: NanoUsd,
    ) {
        ranking.rule_out(FilterReason::Budget, |target| {
            let spec = known.catalogue.spec(&target.provider, &target.model);
            let most = spec.and_then(|spec| self.most(known, size, target, spec).cost);
            most.is_none_or(|most| most > left)
        });
    }

    /// Sets aside the most that an attempt can use.
    pub(super) async fn reserve(
        &self,
        call: &CallContext<'_>,
        id: AttemptId,
        ask: &Ask<'_>,
    ) -> Result<Reservation<'_>, Denied> {
        if call.admission.is_free() {
            return Ok(self.limits.free());
        }
        let target = &ask.candidate.target;
        let most = self.most(call.known, Size::of(ask.request), target, ask.spec);
        let likely = estimate_tokens(ask.request).saturating_add(self.likely_output(ask.request));
        let wish = Wish {
            id,
            caller: call.caller,
            target,
            most_tokens: most.tokens,
            likely_tokens: likely,
            bound: most.cost,
            estimate: self.guess_cost(call.known, ask.request, target, self.clock.now()),
            lasts: call.deadline.saturating_duration_since(Instant::now()),
        };
        self.limits.reserve(call.admission, wish).await
    }

    /// Guesses what the vendor bills for an attempt that it never reported.
    pub(super) fn guess_cost(
        &self,
        known: &Knowledge,
        request: &CompletionRequest,
        target: &Target,
        at: Timestamp,
    ) -> NanoUsd {
        let input = estimate_tokens(request);
        let output = self.likely_output(request);
        let rates = known
            .prices
            .rates(&target.provider, &target.model, input, at);
        rates.map_or(NanoUsd::ZERO, |rates| rates.estimate(input, output))
    }

    fn likely_output(&self, request: &CompletionRequest) -> u64 {
        u64::from(self.routing.expected_output_tokens.min(request.max_tokens))
    }
}
