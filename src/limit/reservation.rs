//! What is set aside for an attempt.

use std::sync::Arc;

use super::limiter::Limiter;
use crate::domain::{Allowance, BudgetPeriod, Grant, Hold, NanoUsd, Settlement};

/// What was set aside for an attempt. Dropped unsettled, all of it is given
/// back.
pub struct Reservation<'a> {
    limiter: &'a Limiter,
    grant: Grant,
    /// What is held, and whether by this process alone.
    hold: Option<(Hold, bool)>,
}

impl<'a> Reservation<'a> {
    pub(super) const fn new(
        limiter: &'a Limiter,
        grant: Grant,
        hold: Hold,
        is_local: bool,
    ) -> Self {
        Self {
            limiter,
            grant,
            hold: Some((hold, is_local)),
        }
    }

    /// Nothing was set aside.
    pub(super) fn free(limiter: &'a Limiter) -> Self {
        Self {
            limiter,
            grant: Grant::default(),
            hold: None,
        }
    }
}

impl Reservation<'_> {
    /// Returns the budgets that the attempt counts against.
    pub fn budgets(&self) -> Arc<[BudgetPeriod]> {
        Arc::clone(&self.grant.budgets)
    }

    /// Returns what is left beside it.
    pub fn left(&self) -> Allowance {
        Allowance {
            requests: None,
            tokens: self.grant.tokens_left,
            budget: self.grant.budgets_left.iter().min().copied(),
        }
    }

    /// Replaces what was set aside by what was used, and returns by how much
    /// its cost exceeds that; zero without a budget.
    #[must_use]
    pub fn settle(mut self, tokens: u64, cost: NanoUsd, possible: NanoUsd) -> NanoUsd {
        self.end(tokens, cost, possible)
    }

    fn end(&mut self, tokens: u64, cost: NanoUsd, possible: NanoUsd) -> NanoUsd {
        let Some((hold, is_local)) = self.hold.take() else {
            return NanoUsd::ZERO;
        };
        let excess = if hold.budgets.is_empty() {
            NanoUsd::ZERO
        } else {
            cost.saturating_add(possible).excess_over(hold.bound)
        };
        if excess > NanoUsd::ZERO {
            tracing::warn!(
                cost_nano_usd = cost.nanos(),
                possible_nano_usd = possible.nanos(),
                bound_nano_usd = hold.bound.nanos(),
                "an attempt cost more than it was thought to be able to; its budget pays for it"
            );
        }
        let settlement = Settlement {
            hold,
            budgets: Arc::clone(&self.grant.budgets),
            tokens,
            cost,
            possible,
        };
        self.limiter.settle(settlement, is_local);
        excess
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.end(0, NanoUsd::ZERO, NanoUsd::ZERO);
    }
}
