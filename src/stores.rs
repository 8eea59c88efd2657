//! Where state is kept.

mod answers;
mod breaker;
mod codec;
mod fresh_usage;
mod gap;
mod health;
mod postgres;
mod queue;
mod rollup;
mod settings;
mod spans;
mod sqlite;
mod upkeep;

pub use breaker::Breaker;
pub use fresh_usage::FreshUsage;
pub use gap::LedgerGap;
pub use health::StoreHealth;
pub use postgres::{PostgresError, PostgresSettings, PostgresStore};
pub use queue::{LedgerQueue, LedgerSink, MergedEntries};
pub use rollup::{Grain, RollUpKey, RollUps, absorb};
pub use settings::{Settings, StorePlace};
pub use spans::{MAX_SPANS, Span, needless_before, spans};
pub use sqlite::{SqliteLocation, SqliteOptions, SqliteStore};
pub use upkeep::{Store, keep_tidy};
