//! What the semantic cache costs.
//!
//! `cargo bench --bench cache` prints one table in Markdown for each section
//! that takes less than some minutes; `cargo bench --bench cache -- index`
//! prints what is named alone.
//! `docs/performance.md` says what is measured and how.

#![expect(clippy::print_stdout, reason = "the report is what the bench is for")]

mod clock;
mod cloud;
mod index;
mod tiers;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

/// The same allocator as the gateway's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A reason to stop, for a person to read.
type Fault = Box<dyn Error + Send + Sync>;

/// A part of the report.
struct Section {
    name: &'static str,
    length: Length,
    print: fn() -> Result<(), Fault>,
}

/// Whether a section is printed without being named.
#[derive(PartialEq, Eq)]
enum Length {
    Short,
    Long,
}

const SECTIONS: [Section; 3] = [
    Section {
        name: "tiers",
        length: Length::Short,
        print: tiers::print,
    },
    Section {
        name: "index",
        length: Length::Short,
        print: index::print,
    },
    Section {
        name: "index-100k",
        length: Length::Long,
        print: index::print_100k,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` runs benches without this argument.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let is_named = |name: &str| arguments.iter().any(|argument| argument == name);
    let none_is_named = !SECTIONS.iter().any(|section| is_named(section.name));
    for section in &SECTIONS {
        let is_chosen = none_is_named && section.length == Length::Short;
        if !is_chosen && !is_named(section.name) {
            continue;
        }
        if let Err(fault) = (section.print)() {
            let _ = writeln!(std::io::stderr(), "cache, {}: {fault}", section.name);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
