//! What operators see: logs and metrics.

mod settings;

pub use settings::{LogFormat, Settings};
