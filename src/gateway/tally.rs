//! What the attempts of a call come to.

use tokio::time::Instant;

use crate::domain::{Attempt, AttemptOutcome, Cost, NanoUsd, Target};

/// An attempt that may be under way.
pub(super) type Pending = Option<UnderWay>;

/// An attempt under way, or dropped before its end.
pub(super) struct UnderWay {
    target: Target,
    began: Instant,
    /// What is known to have been used when it was dropped.
    pub(super) left: Option<Cost>,
}

impl UnderWay {
    /// Begins now.
    pub(super) fn begin(target: Target) -> Self {
        Self {
            target,
            began: Instant::now(),
            left: None,
        }
    }

    /// Ends before it was answered.
    pub(super) fn cut(self) -> Attempt {
        Attempt {
            target: self.target,
            outcome: AttemptOutcome::Cancelled,
            latency: self.began.elapsed(),
            error: None,
        }
    }
}

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
        pending.into_iter().flatten().map(UnderWay::cut)
    }

    /// Takes note of an attempt that was left alone: what the rest of it costs
    /// is not known.
    pub(super) fn leave(&mut self, known: Option<Cost>) {
        if let Some(known) = known {
            self.add(known);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_loser_is_in_the_cost_and_the_rest_is_open() {
        let priced = |nanos| Cost::Priced {
            amount: NanoUsd::new(nanos),
            is_incomplete: false,
        };
        let mut tally = Tally::default();
        tally.add(priced(700));

        tally.leave(Some(priced(30)));

        let cost = Cost::Priced {
            amount: NanoUsd::new(730),
            is_incomplete: true,
        };
        assert_eq!(tally.cost(), cost);
    }
}
