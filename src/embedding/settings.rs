//! Whether there is an embedder, and how much of it.

use serde::{Deserialize, Serialize};

/// Settings of the embedder (`embedding` in `gateway.yaml`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether there is one.
    pub enabled: bool,
    /// The most texts that are embedded at a time, `1..=8`; each keeps a
    /// model of its own in memory.
    pub sessions: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            sessions: 1,
        }
    }
}
