//! What operators see: logs and metrics.

mod log_writer;
mod logging;
mod metrics;
mod settings;

pub use log_writer::LogGuard;
pub use logging::{check_filter, start_logging};
pub use metrics::{CallOutcome, Metrics};
pub use settings::{LogFormat, Settings};
