//! What is known of the vendors, for those who ask.

use std::time::Duration;

use jiff::Timestamp;

use super::Gateway;
use super::circuit::CircuitState;
use super::health::{Condition, ProviderHealth};
use crate::domain::{EmbedderState, ProviderName};

/// One vendor's status.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderStatus {
    /// The vendor.
    pub name: ProviderName,
    /// How it is doing; `None` if it has no key.
    pub condition: Option<Condition>,
    /// Mean time of recent successful calls.
    pub latency: Option<Duration>,
    /// Share of recent calls that succeeded, 0 to 1.
    pub success_rate: Option<f64>,
    /// Its models that can be asked for, in catalogue order.
    pub models: Vec<String>,
    /// Whether calls are let through to it.
    pub circuit: CircuitState,
    /// The latest failure, until something succeeds.
    pub last_error: Option<String>,
    /// When it last answered or failed to.
    pub checked_at: Option<Timestamp>,
}

/// Whether the gateway can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Vendors that can be asked.
    pub available: Vec<ProviderName>,
    /// Vendors that are configured but cannot be asked just now.
    pub unavailable: Vec<ProviderName>,
    /// True once the process is ending.
    pub is_stopping: bool,
}

impl Gateway {
    /// Reports every vendor, configured ones first.
    pub fn provider_status(&self) -> Vec<ProviderStatus> {
        let known = self.known();
        let configured = self.order.iter().map(|name| {
            let ProviderHealth {
                latency,
                success_rate,
                last_error,
                checked_at,
                condition: _,
            } = self.health.of_provider(name);
            let (circuit, condition) = self.condition(name);
            let models = known
                .catalogue
                .models()
                .iter()
                .filter(|spec| spec.provider == *name);
            ProviderStatus {
                name: name.clone(),
                condition: Some(condition),
                latency,
                success_rate,
                models: models.map(|spec| spec.id.to_string()).collect(),
                circuit,
                last_error,
                checked_at,
            }
        });
        let unconfigured = self.unconfigured.iter().map(|name| ProviderStatus {
            name: name.clone(),
            condition: None,
            latency: None,
            success_rate: None,
            models: Vec::new(),
            circuit: CircuitState::Closed,
            last_error: None,
            checked_at: None,
        });
        configured.chain(unconfigured).collect()
    }

    /// Tells whether, and through whom, the gateway can answer.
    pub fn readiness(&self) -> Readiness {
        let is_available = |name: &&ProviderName| self.is_available(name);
        let (available, unavailable): (Vec<_>, Vec<_>) =
            self.order.iter().partition(|name| is_available(name));
        Readiness {
            available: available.into_iter().cloned().collect(),
            unavailable: unavailable.into_iter().cloned().collect(),
            is_stopping: self.stopping.is_cancelled(),
        }
    }

    /// Tells whether prompts can be turned into vectors.
    pub fn embedder_state(&self) -> EmbedderState {
        self.cache.embedder()
    }

    /// Returns the moment, by the gateway's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn report_condition(&self, name: &ProviderName) {
        let is_up = self.is_available(name);
        self.metrics.provider_is_up(name.as_str(), is_up);
    }

    fn is_available(&self, name: &ProviderName) -> bool {
        self.condition(name).1 != Condition::Unavailable
    }

    /// Returns a vendor's circuit, open if those of all its models are, and
    /// what that and its recent past amount to.
    fn condition(&self, name: &ProviderName) -> (CircuitState, Condition) {
        let known = self.known();
        let models = known.catalogue.models().iter();
        let models = models.filter(|spec| spec.provider == *name);
        let circuit = self.circuits.of_provider(name, models.map(|spec| &spec.id));
        let condition = match circuit {
            CircuitState::Open => Condition::Unavailable,
            CircuitState::HalfOpen => Condition::Degraded,
            CircuitState::Closed => self.health.of_provider(name).condition,
        };
        (circuit, condition)
    }
}
