//! The vendors: each adapter translates between the domain and one wire.

mod settings;

pub use settings::{ProviderSettings, Settings, Timeouts};
