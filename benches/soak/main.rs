//! Many mixed calls at the built gateway, and what becomes of it meanwhile.
//!
//! `cargo bench --bench soak` makes 200,000 calls, or `CALLS` of them, prints
//! memory, files, threads and latencies along the way, compares the ledger
//! with the vendors' bill and ends the gateway with SIGTERM.
//! `docs/operations.md` holds a run of it.

mod mix;
#[path = "../support/process.rs"]
#[expect(dead_code, reason = "other benches use the rest")]
mod process;
#[path = "../../tests/chaos/question.rs"]
#[expect(dead_code, reason = "the scenarios ask in other ways")]
mod question;
mod report;
mod run;
#[path = "../../tests/chaos/scenario.rs"]
#[expect(dead_code, reason = "the soak asks questions and has no scenario")]
mod scenario;
#[path = "../support/simulated.rs"]
mod simulated;
#[path = "../../tests/chaos/vendors.rs"]
#[expect(dead_code, reason = "the soak has no favourite")]
mod vendors;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

/// A reason to stop, for a person to read.
type Fault = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["--role", "vendors", seed] => seed
            .parse()
            .map_err(Fault::from)
            .and_then(|seed| simulated::serve(seed).map(|()| true)),
        // `cargo test --all-targets` runs benches without this argument.
        list if !list.contains(&"--bench") => Ok(true),
        _ => run::all(calls()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            let _ = writeln!(std::io::stderr(), "soak: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Reads `CALLS` off the environment; what is no number counts as unset.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench is no part of the gateway, whose config module reads all else"
)]
fn calls() -> usize {
    let asked = std::env::var("CALLS").ok();
    let asked = asked.and_then(|calls| calls.replace(['_', ','], "").parse().ok());
    asked.unwrap_or(200_000).max(2_000)
}
