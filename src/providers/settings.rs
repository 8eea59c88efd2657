//! How vendors are reached.

use serde::{Deserialize, Serialize};

use crate::domain::Secret;

/// Waits at a vendor, all in milliseconds (`providers.timeouts`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// Until the connection stands, TLS included, `1..=60_000`.
    pub connect_ms: u64,
    /// From the request to the first byte of the answer. 0 means that only
    /// the attempt's own deadline counts: an answer that is not streamed
    /// begins when the model has finished. At most 600 000.
    pub first_byte_ms: u64,
    /// Between two pieces of an answer, `1..=600_000`.
    pub idle_ms: u64,
    /// The attempt as a whole, `1..=600_000`; the call's own deadline may be
    /// shorter.
    pub total_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect_ms: 3_000,
            first_byte_ms: 0,
            idle_ms: 20_000,
            total_ms: 600_000,
        }
    }
}

/// One configured vendor: its key is set, or it needs none.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderSettings {
    /// `openai`, `anthropic`, … as in [`crate::domain::ProviderName`].
    pub name: String,
    /// Where its API is, without a trailing slash.
    pub base_url: String,
    /// The key; `None` only for a local server and on Vertex AI.
    pub api_key: Option<Secret>,
    /// The API version to name, for vendors that want one.
    pub api_version: Option<String>,
    /// Where on Vertex AI its models are, if they are reached through it.
    pub vertex: Option<VertexPlace>,
}

/// A place on Vertex AI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VertexPlace {
    /// The project that is billed.
    pub project: String,
    /// `global`, `us`, `eu` or a region.
    pub location: String,
}

/// Settings of all configured vendors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Waits, the same for all.
    pub timeouts: Timeouts,
    /// The vendors, in catalogue order.
    pub configured: Vec<ProviderSettings>,
}
