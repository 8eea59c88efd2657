//! Where state is kept, and for how long.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::Secret;

/// Settings of the store (`store` in `gateway.yaml`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long lines of the ledger are kept, in days, `1..=3_650`; what they
    /// come to per day is kept for ever.
    pub retention_days: u64,
    /// The most connections to Postgres, `1..=1_000`.
    pub connections: u32,
    /// The most that cached answers may take, in MiB, `1..=1_000_000`; beyond
    /// it the oldest are removed. In memory, or where the disk is memory, at
    /// most a quarter of the store's size.
    pub cache_max_mb: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retention_days: 90,
            connections: 5,
            cache_max_mb: 512,
        }
    }
}

/// Where state is kept (`DATABASE_URL`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorePlace {
    /// In memory, as long as the process runs.
    Memory,
    /// In a file.
    Sqlite(PathBuf),
    /// In Postgres, by its connection string.
    Postgres(Secret),
}
