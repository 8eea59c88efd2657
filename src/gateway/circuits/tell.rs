//! Changes of circuits in log and metrics.

use crate::domain::{ProviderName, Target};
use crate::gateway::circuit::CircuitState;
use crate::telemetry::ReliabilityMetrics;

pub(super) fn tell_provider(
    metrics: &ReliabilityMetrics,
    name: &ProviderName,
    state: CircuitState,
) {
    metrics.circuit_changed(name, None, state.as_str());
    tell(state, name.as_str(), "the vendor's circuit");
}

pub(super) fn tell_target(metrics: &ReliabilityMetrics, target: &Target, state: CircuitState) {
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
