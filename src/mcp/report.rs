//! Parts that several answers share.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{Attempt, AttemptOutcome};

/// The longest text, in bytes; hosts cut or refuse more.
pub(super) const MAX_TEXT_BYTES: usize = 80 * 1024;

/// One call to a vendor.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AttemptReport {
    provider: String,
    model: String,
    effort: Option<&'static str>,
    /// answered, cancelled, or what failed.
    outcome: &'static str,
    latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl AttemptReport {
    pub(super) fn new(attempt: &Attempt) -> Self {
        Self {
            provider: attempt.target.provider.to_string(),
            model: attempt.target.model.to_string(),
            effort: attempt.target.effort.map(|effort| effort.as_str()),
            outcome: match attempt.outcome {
                AttemptOutcome::Answered => "answered",
                AttemptOutcome::Failed(kind) => kind.as_str(),
                AttemptOutcome::Cancelled => "cancelled",
            },
            latency_ms: milliseconds(attempt.latency),
            error: attempt.error.clone(),
        }
    }
}

/// Converts to milliseconds with microsecond digits.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}
