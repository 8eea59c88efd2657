//! Every circuit: one for each vendor's key and connection, one for each of
//! its models.

mod entry;
mod tell;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::circuit::{Cause, Circuit, CircuitState, Closure};
use crate::domain::{ModelId, ProviderName, Target};
use crate::telemetry::ReliabilityMetrics;
pub(super) use entry::Entry;
use entry::Right;
use tell::{tell_provider, tell_target};

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
    /// Fires when a vendor's circuit opens.
    opened: Notify,
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
        Closure::later(of_provider, of_target)
    }
}

impl Cell {
    fn closure(&self, tokens: u64, now: Instant) -> Option<Closure> {
        let too_large = self.too_large.filter(|(least, _)| tokens >= *least);
        let too_large = too_large.map(|(_, until)| Closure {
            until,
            cause: Cause::Spent,
        });
        Closure::later(
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
        (jitter, metrics): (f64, &ReliabilityMetrics),
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
        let was_open = (provider.is_open(), cell.circuit.is_open());
        let right = Right::Regular {
            provider: provider.enter(now, lease)?,
            target: cell.circuit.enter(now, lease)?,
        };
        drop(cells);
        if was_open.0 {
            self.tell_provider(metrics, &target.provider, CircuitState::HalfOpen);
        }
        if was_open.1 {
            tell_target(metrics, target, CircuitState::HalfOpen);
        }
        Ok(Entry {
            circuits: self,
            target,
            right: Some(right),
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

    /// Returns when a vendor's own circuit, unless it is closed, lets a call
    /// through. That may be past.
    pub(super) fn reopens(&self, name: &ProviderName) -> Option<Instant> {
        let (cells, now) = (self.now(), Instant::now());
        let circuit = cells.providers.get(name)?;
        let closure = circuit.closure(now);
        let until = closure.map_or(now, |closure| closure.until);
        circuit.is_trial_due().then_some(until)
    }

    /// Waits until the circuit of some vendor opens after this was called.
    pub(super) fn opened(&self) -> Notified<'_> {
        self.opened.notified()
    }

    /// Tells everybody of a new state of a vendor's circuit.
    fn tell_provider(
        &self,
        metrics: &ReliabilityMetrics,
        name: &ProviderName,
        state: CircuitState,
    ) {
        tell_provider(metrics, name, state);
        if state == CircuitState::Open {
            self.opened.notify_waiters();
        }
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
            self.tell_provider(metrics, name, state);
        }
    }
}
