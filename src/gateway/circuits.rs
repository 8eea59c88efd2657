//! Every circuit: one for each vendor's key and connection, one for each of
//! its models.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::circuit::{Cause, Circuit, CircuitState, Closure, Pass, Verdict};
use super::disposition::Disposition;
use crate::domain::{ModelId, ProviderName, Target};
use crate::telemetry::ReliabilityMetrics;

/// How long a size is remembered that was too large for the account's plan.
const PLAN_KEPT: Duration = Duration::from_mins(30);

/// The least time between two calls that ask a target although its circuit is
/// open: often enough to notice soon that it is well again, too seldom to be a
/// load (chosen).
const BETWEEN_OVERRIDES: Duration = Duration::from_millis(500);

/// All circuits. Bounded by the catalogue: only its targets are ever asked.
#[derive(Debug, Default)]
pub(super) struct Circuits {
    cells: Mutex<Cells>,
}

#[derive(Debug, Default)]
pub(super) struct Cells {
    providers: HashMap<ProviderName, Circuit>,
    targets: HashMap<ProviderName, HashMap<ModelId, Cell>>,
}

#[derive(Debug, Default)]
struct Cell {
    circuit: Circuit,
    /// The least size, in tokens, that exceeds the account's plan, and until
    /// when that is believed.
    too_large: Option<(u64, Instant)>,
    /// A call is asking although the circuit is open.
    is_overridden: bool,
    /// When the last one did.
    overridden: Option<Instant>,
}

/// What came of a question that costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// An answer.
    Alive,
    /// An answer that is none.
    Unwell,
    /// Nobody was there, and how soon that is the last word.
    Unreached(Duration),
}

/// The right to ask a target. Dropped without a word it says nothing of the
/// target and gives back what it holds.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    circuits: &'a Circuits,
    target: &'a Target,
    right: Option<Right>,
    jitter: f64,
}

#[derive(Clone, Copy, Debug)]
enum Right {
    Regular {
        provider: Pass,
        target: Pass,
        is_trial: bool,
    },
    /// Although the circuit is open.
    Override,
}

impl Cells {
    /// Returns why a target is not asked now, if so.
    pub(super) fn closure(
        &self,
        provider: &ProviderName,
        model: &ModelId,
        tokens: u64,
        now: Instant,
    ) -> Option<Closure> {
        let of_provider = self.providers.get(provider);
        let of_provider = of_provider.and_then(|circuit| circuit.closure(now));
        let cell = self.targets.get(provider);
        let cell = cell.and_then(|models| models.get(model));
        let of_target = cell.and_then(|cell| cell.closure(tokens, now));
        later(of_provider, of_target)
    }
}

impl Cell {
    fn closure(&self, tokens: u64, now: Instant) -> Option<Closure> {
        let too_large = self.too_large.filter(|(least, _)| tokens >= *least);
        let too_large = too_large.map(|(_, until)| Closure {
            until,
            cause: Cause::Spent,
        });
        later(
            self.circuit.closure(now),
            too_large.filter(|closure| closure.until > now),
        )
    }
}

impl Circuits {
    /// Opens the book for reading. Nobody writes into it meanwhile, so hold
    /// it for a moment only.
    pub(super) fn now(&self) -> MutexGuard<'_, Cells> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the right to ask `target` for a request of so many `tokens`; a
    /// trial has its slot for `lease`. `jitter`, a share from 0 to 1, spreads
    /// what comes of it.
    ///
    /// # Errors
    /// [`Closure`] if the target or its vendor is not to be asked, or if it
    /// takes a trial and `may_try` is false.
    pub(super) fn enter<'a>(
        &'a self,
        target: &'a Target,
        tokens: u64,
        (lease, may_try): (Duration, bool),
        jitter: f64,
    ) -> Result<Entry<'a>, Closure> {
        let now = Instant::now();
        let mut cells = self.now();
        if let Some(closure) = cells.closure(&target.provider, &target.model, tokens, now) {
            return Err(closure);
        }
        let Cells { providers, targets } = &mut *cells;
        let provider = providers.entry(target.provider.clone()).or_default();
        let models = targets.entry(target.provider.clone()).or_default();
        let cell = models.entry(target.model.clone()).or_default();
        let is_trial = provider.is_trial_due() || cell.circuit.is_trial_due();
        if is_trial && !may_try {
            return Err(Closure {
                until: now,
                cause: Cause::Failing,
            });
        }
        Ok(Entry {
            circuits: self,
            target,
            right: Some(Right::Regular {
                provider: provider.enter(now, lease)?,
                target: cell.circuit.enter(now, lease)?,
                is_trial,
            }),
            jitter,
        })
    }

    /// Gives the right to ask a target although its circuit is open, to one
    /// call at a time and twice a second at most; `None` if it is not free.
    pub(super) fn override_for<'a>(&'a self, target: &'a Target, jitter: f64) -> Option<Entry<'a>> {
        let now = Instant::now();
        let mut cells = self.now();
        let closure = cells.closure(&target.provider, &target.model, 0, now);
        if closure.is_some_and(|closure| closure.cause != Cause::Failing) {
            return None;
        }
        let Cells { providers, targets } = &mut *cells;
        providers.entry(target.provider.clone()).or_default();
        let models = targets.entry(target.provider.clone()).or_default();
        let cell = models.entry(target.model.clone()).or_default();
        let is_soon = |last: Instant| now.saturating_duration_since(last) < BETWEEN_OVERRIDES;
        if cell.is_overridden || cell.overridden.is_some_and(is_soon) {
            return None;
        }
        (cell.is_overridden, cell.overridden) = (true, Some(now));
        Some(Entry {
            circuits: self,
            target,
            right: Some(Right::Override),
            jitter,
        })
    }

    /// Returns the state of a vendor's own circuit, or open if that of every
    /// one of its models is.
    pub(super) fn of_provider<'a>(
        &self,
        name: &ProviderName,
        mut models: impl Iterator<Item = &'a ModelId>,
    ) -> CircuitState {
        let now = Instant::now();
        let cells = self.now();
        let own = cells.providers.get(name);
        let own = own.map_or(CircuitState::Closed, |circuit| circuit.state(now));
        let of_models = cells.targets.get(name);
        let is_open = |model: &ModelId| {
            let cell = of_models.and_then(|models| models.get(model));
            cell.is_some_and(|cell| cell.circuit.state(now) == CircuitState::Open)
        };
        // Most vendors have nothing open, which ends the search at once.
        if of_models.is_some() && models.all(is_open) {
            CircuitState::Open
        } else {
            own
        }
    }

    /// Returns when a vendor's own circuit, if it is open, lets a call through.
    pub(super) fn reopens(&self, name: &ProviderName) -> Option<Instant> {
        let cells = self.now();
        let circuit = cells.providers.get(name)?;
        Some(circuit.closure(Instant::now())?.until)
    }

    /// Takes note of whether a vendor gave a sign of life that costs nothing;
    /// if it could not even be reached, no trial is made that would be due
    /// within the time of `sign`.
    pub(super) fn probed(
        &self,
        name: &ProviderName,
        sign: Sign,
        jitter: f64,
        metrics: &ReliabilityMetrics,
    ) {
        let now = Instant::now();
        let mut cells = self.now();
        let provider = cells.providers.entry(name.clone()).or_default();
        let changed = match sign {
            Sign::Alive => provider.gave_sign(now),
            Sign::Unwell => provider.gave_no_sign(now, jitter, None),
            Sign::Unreached(soon) => provider.gave_no_sign(now, jitter, Some(soon)),
        };
        drop(cells);
        if let Some(state) = changed {
            tell_provider(metrics, name, state);
        }
    }
}

impl Entry<'_> {
    /// Tells whether the target is asked to see if it is well again.
    pub(super) const fn is_trial(&self) -> bool {
        match self.right {
            Some(Right::Regular { is_trial, .. }) => is_trial,
            Some(Right::Override) => true,
            None => false,
        }
    }

    /// Draws the conclusions from an answer.
    pub(super) fn answered(self, metrics: &ReliabilityMetrics) {
        self.end(Verdict::Success, Verdict::Success, None, metrics);
    }

    /// Draws the conclusions from a failure; `too_large` is the size that
    /// exceeded the account's plan, in tokens.
    pub(super) fn failed(
        self,
        verdicts: Disposition,
        too_large: Option<u64>,
        metrics: &ReliabilityMetrics,
    ) {
        self.end(verdicts.provider, verdicts.target, too_large, metrics);
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
            tell_provider(metrics, &self.target.provider, state);
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
                ..
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
                match of_target {
                    // An answer is the best sign of life.
                    Verdict::Success => (close(provider, now), close(&mut cell.circuit, now)),
                    Verdict::Throttled(wait) => {
                        cell.circuit.hold_off(wait, now, jitter);
                        (None, None)
                    }
                    _ => (None, None),
                }
            }
        }
    }
}

fn tell_provider(metrics: &ReliabilityMetrics, name: &ProviderName, state: CircuitState) {
    metrics.circuit_changed(name, None, state.as_str());
    tell(state, name.as_str(), "the vendor's circuit");
}

fn tell_target(metrics: &ReliabilityMetrics, target: &Target, state: CircuitState) {
    metrics.circuit_changed(&target.provider, Some(&target.model), state.as_str());
    let name = format!("{}/{}", target.provider, target.model);
    tell(state, &name, "the model's circuit");
}

fn tell(state: CircuitState, name: &str, what: &str) {
    let state_name = state.as_str();
    match state {
        CircuitState::Open => tracing::warn!(name, state = state_name, "{what} has changed"),
        _ => tracing::info!(name, state = state_name, "{what} has changed"),
    }
}

fn close(circuit: &mut Circuit, now: Instant) -> Option<CircuitState> {
    let was_closed = circuit.state(now) == CircuitState::Closed;
    circuit.close(now);
    (!was_closed).then_some(CircuitState::Closed)
}

/// Returns the closure that ends last, for the weightier cause of both.
fn later(one: Option<Closure>, other: Option<Closure>) -> Option<Closure> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Closure {
            until: one.until.max(other.until),
            cause: one.cause.max(other.cause),
        }),
        (one, other) => one.or(other),
    }
}
