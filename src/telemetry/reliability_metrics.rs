//! What the gateway does about vendors that fail, in numbers.

use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};

use crate::domain::{ModelId, ProviderName};

/// Metrics of circuits and of calls that are made again.
#[derive(Debug)]
pub struct ReliabilityMetrics {
    circuits: IntGaugeVec,
    changes: IntCounterVec,
    again: IntCounterVec,
}

impl ReliabilityMetrics {
    /// Registers every metric.
    ///
    /// # Errors
    /// [`prometheus::Error`] if two of them have the same name.
    pub(super) fn try_new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let circuits = IntGaugeVec::new(
            Opts::new(
                "gateway_circuit_state",
                "0 closed, 1 half open, 2 open; without a model that of the vendor itself.",
            ),
            &["provider", "model"],
        )?;
        let changes = IntCounterVec::new(
            Opts::new(
                "gateway_circuit_changes_total",
                "How often circuits changed their state.",
            ),
            &["provider", "to"],
        )?;
        let again = IntCounterVec::new(
            Opts::new(
                "gateway_repeats_total",
                "Attempts after the first of a call, and those that the retry budget refused.",
            ),
            &["kind", "outcome"],
        )?;
        registry.register(Box::new(circuits.clone()))?;
        registry.register(Box::new(changes.clone()))?;
        registry.register(Box::new(again.clone()))?;
        Ok(Self {
            circuits,
            changes,
            again,
        })
    }

    /// Counts a circuit's change to `state`. Provider and model are of the
    /// catalogue, which bounds the labels.
    pub fn circuit_changed(
        &self,
        provider: &ProviderName,
        model: Option<&ModelId>,
        state: &'static str,
    ) {
        let level = match state {
            "closed" => 0,
            "half_open" => 1,
            _ => 2,
        };
        let model = model.map_or("", ModelId::as_str);
        self.circuits
            .with_label_values(&[provider.as_str(), model])
            .set(level);
        self.changes
            .with_label_values(&[provider.as_str(), state])
            .inc();
    }

    /// Counts an attempt after the first, or that it was refused.
    pub fn asked_again(&self, kind: &'static str, is_allowed: bool) {
        let outcome = if is_allowed { "allowed" } else { "refused" };
        self.again.with_label_values(&[kind, outcome]).inc();
    }
}
