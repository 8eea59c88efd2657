//! What an attempt can use at most, and probably uses.

use jiff::Timestamp;
use tokio::time::Instant;

use super::Gateway;
use super::attempt::Ask;
use super::call::CallContext;
use super::knowledge::Knowledge;
use crate::domain::{AttemptId, CompletionRequest, ModelSpec, NanoUsd, Target};
use crate::limit::{Denied, Reservation, Wish};
use crate::routing::{estimate_tokens, upper_bound_tokens};

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
        request: &CompletionRequest,
        target: &Target,
        spec: &ModelSpec,
    ) -> Most {
        let input = upper_bound_tokens(request);
        let allowance = spec.request.allowance(target.effort);
        let output = u64::from(request.max_tokens.saturating_add(allowance));
        let rates = known
            .prices
            .rates(&target.provider, &target.model, input, self.clock.now());
        Most {
            tokens: input.saturating_add(output),
            cost: rates.map(|rates| rates.upper_bound(input, output)),
        }
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
        let most = self.most(call.known, ask.request, target, ask.spec);
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
