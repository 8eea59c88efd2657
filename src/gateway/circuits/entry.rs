//! The right to ask a target, and what comes of it.

use tokio::time::Instant;

use super::tell::tell_target;
use super::{Cells, Circuits, PLAN_KEPT};
use crate::domain::Target;
use crate::gateway::circuit::{Circuit, CircuitState, Pass, Verdict};
use crate::gateway::disposition::Disposition;
use crate::telemetry::ReliabilityMetrics;

/// The right to ask a target. Dropped without a word it says nothing of the
/// target and gives back what it holds.
#[derive(Debug)]
pub(in crate::gateway) struct Entry<'a> {
    pub(super) circuits: &'a Circuits,
    pub(super) target: &'a Target,
    pub(super) right: Option<Right>,
    pub(super) jitter: f64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Right {
    Regular {
        provider: Pass,
        target: Pass,
    },
    /// Although the circuit is open.
    Override,
}

impl Entry<'_> {
    /// Draws the conclusions from an answer.
    pub(in crate::gateway) fn answered(self, metrics: &ReliabilityMetrics) {
        self.end(Verdict::Success, Verdict::Success, None, metrics);
    }

    /// Draws the conclusions from a failure; `too_large` is the size that
    /// exceeded the account's plan, in tokens.
    pub(in crate::gateway) fn failed(
        self,
        verdicts: Disposition,
        too_large: Option<u64>,
        metrics: &ReliabilityMetrics,
    ) {
        self.end(verdicts.provider, verdicts.target, too_large, metrics);
    }

    /// Takes note that the target had too little time, which says nothing of
    /// its vendor.
    pub(in crate::gateway) fn cut(self, metrics: &ReliabilityMetrics) {
        self.end(Verdict::Neutral, Verdict::Cut, None, metrics);
    }

    fn end(
        mut self,
        of_provider: Verdict,
        of_target: Verdict,
        too_large: Option<u64>,
        metrics: &ReliabilityMetrics,
    ) {
        let Some(right) = self.right.take() else {
            return;
        };
        let (provider, target) = self.circuits.conclude(
            self.target,
            right,
            (of_provider, of_target),
            too_large,
            self.jitter,
        );
        if let Some(state) = provider {
            self.circuits
                .tell_provider(metrics, &self.target.provider, state);
        }
        if let Some(state) = target {
            tell_target(metrics, self.target, state);
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if let Some(right) = self.right.take() {
            let nothing = (Verdict::Neutral, Verdict::Neutral);
            self.circuits
                .conclude(self.target, right, nothing, None, self.jitter);
        }
    }
}

impl Circuits {
    fn conclude(
        &self,
        target: &Target,
        right: Right,
        (of_provider, of_target): (Verdict, Verdict),
        too_large: Option<u64>,
        jitter: f64,
    ) -> (Option<CircuitState>, Option<CircuitState>) {
        let now = Instant::now();
        let mut cells = self.now();
        let Cells { providers, targets } = &mut *cells;
        let provider = providers.get_mut(&target.provider);
        let cell = targets.get_mut(&target.provider);
        let cell = cell.and_then(|models| models.get_mut(&target.model));
        let (Some(provider), Some(cell)) = (provider, cell) else {
            return (None, None);
        };
        if let Some(tokens) = too_large {
            cell.too_large = Some((tokens, now + PLAN_KEPT));
        }
        match right {
            Right::Regular {
                provider: of_its_provider,
                target: of_itself,
            } => {
                // A model that was out by itself says nothing new of its
                // vendor, whose trial another model may have.
                let says_nothing = cell.circuit.is_trial_due()
                    && matches!(of_provider, Verdict::Failure(_) | Verdict::Throttled(_));
                let of_provider = if says_nothing {
                    Verdict::Neutral
                } else {
                    of_provider
                };
                (
                    provider.record(of_its_provider, of_provider, now, jitter),
                    cell.circuit.record(of_itself, of_target, now, jitter),
                )
            }
            Right::Override => {
                cell.is_overridden = false;
                if of_target == Verdict::Success {
                    // An answer is the best sign of life.
                    return (close(provider, now), close(&mut cell.circuit, now));
                }
                provider.heed(of_provider, now, jitter);
                cell.circuit.heed(of_target, now, jitter);
                (None, None)
            }
        }
    }
}

fn close(circuit: &mut Circuit, now: Instant) -> Option<CircuitState> {
    let was_closed = circuit.state(now) == CircuitState::Closed;
    circuit.answered(now);
    (!was_closed).then_some(CircuitState::Closed)
}
