//! What the gateway costs on top of the parts it is made of.
//!
//! `cargo bench --bench overhead` starts a mock vendor, the bare handlers and
//! the gateway as processes of their own, loads them in turns and prints a
//! report in Markdown. `docs/performance.md` says what is measured and how.

mod bare;
mod load;
mod mock;
mod plan;
#[path = "../support/process.rs"]
#[expect(dead_code, reason = "other benches use the rest")]
mod process;
mod report;
mod start;
mod wire;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use plan::Options;

/// The same allocator as the gateway's, so that it is no difference.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A reason to stop, for a person to read.
type Fault = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["--role", "mock"] => mock::serve(),
        ["--role", "bare", vendor] => bare::serve(vendor),
        ["--role", "load", address, door, count] => plan::load(address, door, count),
        // `cargo test --all-targets` runs benches without this argument.
        list if !list.contains(&"--bench") => Ok(()),
        _ => plan::run(&Options::from_process()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let _ = writeln!(std::io::stderr(), "overhead: {fault}");
            ExitCode::FAILURE
        }
    }
}
