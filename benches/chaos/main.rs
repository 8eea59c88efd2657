//! Bad days over real sockets: the scenarios of `tests/chaos` with the
//! gateway and the vendors as processes of their own.
//!
//! `cargo bench --bench chaos` prints a line for each scenario, and its checks
//! if one of them does not hold. `ONLY=flaps` runs those whose names hold that.

mod day;
#[path = "../../tests/chaos/load.rs"]
mod load;
#[path = "../support/process.rs"]
#[expect(dead_code, reason = "other benches use the rest")]
mod process;
#[path = "../../tests/chaos/question.rs"]
mod question;
#[path = "../../tests/chaos/run.rs"]
mod run;
#[path = "../../tests/chaos/scenario.rs"]
mod scenario;
#[path = "../../tests/chaos/scenarios.rs"]
mod scenarios;
#[path = "../support/simulated.rs"]
#[expect(dead_code, reason = "the soak uses the rest")]
mod simulated;
#[path = "../../tests/chaos/vendors.rs"]
mod vendors;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use futures_util::{StreamExt as _, stream};

use day::Day;
use scenario::Scenario;

/// A reason to stop, for a person to read.
type Fault = Box<dyn Error + Send + Sync>;

/// How many scenarios run at once: they wait most of the time, but a machine
/// that is short of processors would be a fault of its own.
const LANES: usize = 4;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["--role", "vendors", seed] => seed
            .parse()
            .map_err(Fault::from)
            .and_then(|seed| simulated::serve(seed).map(|()| ExitCode::SUCCESS)),
        // `cargo test --all-targets` runs benches without this argument.
        list if !list.contains(&"--bench") => Ok(ExitCode::SUCCESS),
        _ => days(),
    };
    result.unwrap_or_else(|fault| {
        let _ = writeln!(std::io::stderr(), "chaos: {fault}");
        ExitCode::FAILURE
    })
}

/// Every scenario, the longest first, so that the lanes end together.
fn all() -> Vec<Scenario> {
    vec![
        scenarios::flapping(),
        scenarios::revoked(),
        scenarios::penniless(),
        scenarios::black_hole(),
        scenarios::black_hole_streamed(),
        scenarios::all_down(),
        scenarios::all_hanging(),
        scenarios::hanging(),
        scenarios::dripping(),
        scenarios::refusing(),
        scenarios::slow(),
        scenarios::storm(),
        scenarios::well(),
    ]
}

#[expect(
    clippy::disallowed_methods,
    reason = "a bench is no part of the gateway, whose config module reads all else"
)]
fn days() -> Result<ExitCode, Fault> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let scenarios = all().into_iter().filter(|it| it.name.contains(&only));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut days = stream::iter(scenarios)
            .map(day::run)
            .buffer_unordered(LANES);
        let mut is_good = true;
        while let Some(day) = days.next().await {
            is_good &= print(&day?)?;
        }
        Ok(if is_good {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

/// Prints what came of a day and tells whether it was good enough.
fn print(day: &Day) -> Result<bool, Fault> {
    let is_good = day.verdicts.iter().all(|(_, holds)| *holds);
    let mut out = std::io::stdout().lock();
    let word = if is_good { "pass" } else { "FAIL" };
    writeln!(
        out,
        "{word}  {}, seed {}: {}",
        day.name, day.seed, day.summary
    )?;
    for (words, holds) in &day.verdicts {
        if !is_good {
            writeln!(
                out,
                "      {} {words}",
                if *holds { "ok  " } else { "FAIL" }
            )?;
        }
    }
    Ok(is_good)
}
