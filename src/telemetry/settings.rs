//! How the gateway logs.

use serde::{Deserialize, Serialize};

/// Settings of logging (`telemetry` in `gateway.yaml`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The form of a log line (`LOG_FORMAT`).
    pub log_format: LogFormat,
    /// What is logged, in the syntax of `RUST_LOG`, which overrides it.
    pub log_filter: String,
}

impl Default for Settings {
    fn default() -> Self {
        // rmcp logs an error for every call that its client cancels, and a
        // warning for every tool error; the gateway logs both itself.
        Self {
            log_format: LogFormat::Text,
            log_filter: "info,rmcp::service=off".to_owned(),
        }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}
