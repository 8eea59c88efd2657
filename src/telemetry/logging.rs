//! Log lines on standard output.

use std::fmt::Display;
use std::panic::{self, PanicHookInfo};

use tracing_subscriber::EnvFilter;

use super::log_writer::{LogGuard, LogWriter};
use super::settings::{LogFormat, Settings};

/// Tells whether `filter` can be used as a filter of log lines.
///
/// # Errors
/// What is wrong with it.
pub fn check_filter(filter: &str) -> Result<(), String> {
    EnvFilter::try_new(filter)
        .map(drop)
        .map_err(|fault| fault.to_string())
}

/// Starts writing log lines to standard output, and logs panics without their
/// payload, which may hold a prompt. The last lines are written when the
/// guard is dropped.
///
/// # Errors
/// A sentence if the filter is malformed or logging was started before.
pub fn start_logging(settings: &Settings) -> Result<LogGuard, String> {
    let mut filter = EnvFilter::try_new(&settings.log_filter)
        .map_err(|fault| format!("telemetry.log_filter: {fault}"))?;
    // It writes whole requests and answers at the level `trace`.
    for silent in ["rmcp=off", "rmcp::service=off"] {
        filter = filter.add_directive(silent.parse().map_err(|fault| no_start(&fault))?);
    }
    let (writer, guard) = LogWriter::start(std::io::stdout()).map_err(|fault| no_start(&fault))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_target(true);
    let started = match settings.log_format {
        LogFormat::Text => lines.with_ansi(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    panic::set_hook(Box::new(log_panic));
    started.map(|()| guard).map_err(|fault| no_start(&fault))
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::error!(place, "a task panicked");
}

fn no_start(fault: &dyn Display) -> String {
    format!("logging cannot start: {fault}")
}
