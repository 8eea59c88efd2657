//! What the attempts of a call come to.

use tokio::time::Instant;

use crate::domain::{Attempt, AttemptOutcome, Cost, NanoUsd, Target};

/// An attempt that may be under way.
pub(super) type Pending = Option<(Target, Instant)>;

/// The sum of what attempts cost, and the one under way.
#[derive(Default)]
pub(super) struct Tally {
    /// The attempts under way, and since when: one, or two that race.
    pub(super) pending: [Pending; 2],
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

    /// Returns the attempts that were cut.
    pub(super) fn cut_attempts(&mut self) -> impl Iterator<Item = Attempt> {
        let pending = std::mem::take(&mut self.pending);
        pending
            .into_iter()
            .flatten()
            .map(|(target, began)| Attempt {
                target,
                outcome: AttemptOutcome::Cancelled,
                latency: began.elapsed(),
                error: None,
            })
    }

    /// Takes note of an attempt that was left alone: what it costs is not
    /// known yet.
    pub(super) const fn leave(&mut self) {
        self.is_incomplete = true;
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
