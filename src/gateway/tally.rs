//! What the attempts of a call come to.

use tokio::time::Instant;

use crate::domain::{Attempt, AttemptOutcome, Cost, NanoUsd, Target};

/// The sum of what attempts cost, and the one under way.
#[derive(Default)]
pub(super) struct Tally {
    /// The attempt under way, and since when.
    pub(super) pending: Option<(Target, Instant)>,
    amount: NanoUsd,
    is_incomplete: bool,
    is_unpriced: bool,
}

impl Tally {
    pub(super) fn add(&mut self, cost: Cost) {
        match cost {
            Cost::Priced {
                amount,
                is_incomplete,
            } => {
                self.amount = self.amount.saturating_add(amount);
                self.is_incomplete |= is_incomplete;
            }
            Cost::Unpriced => self.is_unpriced = true,
        }
    }

    /// Returns the attempt that was cut, if one was.
    pub(super) fn cut_attempt(&mut self) -> Option<Attempt> {
        let (target, began) = self.pending.take()?;
        Some(Attempt {
            target,
            outcome: AttemptOutcome::Cancelled,
            latency: began.elapsed(),
            error: None,
        })
    }

    pub(super) fn cost(&self) -> Cost {
        if self.is_unpriced {
            return Cost::Unpriced;
        }
        Cost::Priced {
            amount: self.amount,
            is_incomplete: self.is_incomplete,
        }
    }
}
