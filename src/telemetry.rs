//! What operators see: logs and metrics.

mod cache_metrics;
mod log_writer;
mod logging;
mod metrics;
mod reliability_metrics;
mod settings;

pub use cache_metrics::{CacheFigures, CacheMetrics};
pub use log_writer::LogGuard;
pub use logging::{check_filter, start_logging};
pub use metrics::{CallOutcome, Metrics};
pub use reliability_metrics::ReliabilityMetrics;
pub use settings::{LogFormat, Settings};
