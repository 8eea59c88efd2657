//! The report, in Markdown.

use std::fmt;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;

use crate::Fault;
use crate::load::Round;
use crate::start::StartUp;
use crate::wire::Door;

/// The goals of the design, in the units of their rows.
const GOAL_CPU_RATIO: f64 = 2.0;
const GOAL_ADDED_P50_MS: f64 = 0.15;
const GOAL_ADDED_P99_MS: f64 = 0.5;
/// Of streams: total time beside bare, what is added to the first text, and
/// what no call may take: Nagle's algorithm with delayed acknowledgements
/// costs 40 ms.
const GOAL_STREAM_RATIO: f64 = 3.0;
const GOAL_FIRST_TEXT_MS: f64 = 0.2;
const GOAL_STALL_MS: f64 = 40.0;
const GOAL_FIRST_ANSWER_MS: f64 = 25.0;
const GOAL_IDLE_MIB: f64 = 25.0;

/// Where and how it was measured.
pub(crate) struct Machine {
    pub(crate) cpus: usize,
    pub(crate) is_pinned: bool,
    pub(crate) rounds: usize,
    pub(crate) span: Duration,
}

/// The subjects that were measured in the same way; the first is the vendor
/// alone, the second the bare handler.
pub(crate) struct Cell {
    pub(crate) door: Door,
    pub(crate) clients: usize,
    pub(crate) rows: Vec<Row>,
}

/// A subject's turns.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<Round>,
}

impl Row {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            rounds: Vec::new(),
        }
    }

    /// Returns CPU, median and 99th percentile of latency, and requests a
    /// second.
    fn figures(&self) -> [Spread; 4] {
        let spread =
            |figure: fn(&Round) -> f64| Spread::of(self.rounds.iter().map(figure).collect());
        [
            spread(|round| round.cpu_us),
            spread(|round| round.p50_ms),
            spread(|round| round.p99_ms),
            spread(|round| round.per_second),
        ]
    }

    fn cpu_ratio(&self, base: &Self) -> Spread {
        self.against(base, |own, base| own.cpu_us / base.cpu_us)
    }

    /// Returns the median total beside the other's, what was added to the
    /// median first text, and the 99th percentile of the total.
    fn stream_figures(&self, base: &Self) -> [Spread; 3] {
        [
            self.against(base, |own, base| own.p50_ms / base.p50_ms),
            self.against(base, |own, base| own.first_p50_ms - base.first_p50_ms),
            Spread::of(self.rounds.iter().map(|round| round.p99_ms).collect()),
        ]
    }

    /// Returns what was added to the median and to the 99th percentile.
    fn added_ms(&self, base: &Self) -> (Spread, Spread) {
        (
            self.against(base, |own, base| own.p50_ms - base.p50_ms),
            self.against(base, |own, base| own.p99_ms - base.p99_ms),
        )
    }

    /// Spreads a figure that compares each round with its neighbour.
    fn against(&self, base: &Self, figure: impl Fn(&Round, &Round) -> f64) -> Spread {
        let pairs = self.rounds.iter().zip(&base.rounds);
        Spread::of(pairs.map(|(own, base)| figure(own, base)).collect())
    }
}

/// A median and the range around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self {
            median: (at(last / 2) + at(last.div_ceil(2))) / 2.0,
            least: at(0),
            most: at(last),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(1);
        let Self {
            median,
            least,
            most,
        } = self;
        write!(f, "{median:.digits$} [{least:.digits$}..{most:.digits$}]")
    }
}

/// Prints everything to standard output.
pub(crate) fn print(machine: &Machine, start: &StartUp, cells: &[Cell]) -> Result<(), Fault> {
    let mut text = String::new();
    write_machine(&mut text, machine)?;
    for cell in cells {
        write_cell(&mut text, cell)?;
    }
    writeln!(text, "\n### Start and memory\n")?;
    writeln!(text, "- exec → listening: {:.1} ms", start.listening_ms)?;
    writeln!(
        text,
        "- exec → first answer: {:.1} ms",
        start.first_answer_ms
    )?;
    let (idle, used) = (start.idle_mib, start.used_mib);
    writeln!(
        text,
        "- resident: {idle:.1} MiB idle, {used:.1} MiB after 10,000 calls"
    )?;
    write_goals(&mut text, start, cells)?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn write_machine(text: &mut String, machine: &Machine) -> Result<(), Fault> {
    let rustc = Command::new("rustc").arg("-V").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let pinned = if machine.is_pinned {
        "load and vendor on CPU 0, the rest on CPU 1"
    } else {
        "not pinned"
    };
    let Machine { cpus, rounds, .. } = machine;
    let (rustc, seconds) = (rustc.unwrap_or_default(), machine.span.as_secs_f64());
    writeln!(
        text,
        "{:.10} · {cpus} CPUs, {pinned} · load {load} · {rustc} · {rounds} rounds of {seconds} s · \
         median [least..most] of the rounds",
        Timestamp::now().to_string(),
    )?;
    Ok(())
}

fn write_cell(text: &mut String, cell: &Cell) -> Result<(), Fault> {
    let (door, clients) = (cell.door.name(), cell.clients);
    writeln!(text, "\n### {door}, c = {clients}\n")?;
    writeln!(
        text,
        "| | CPU µs/request | × bare | p50 ms | p99 ms | p50 over bare | p99 over bare | requests/s |"
    )?;
    writeln!(text, "|---|--:|--:|--:|--:|--:|--:|--:|")?;
    let [direct, bare, ours @ ..] = cell.rows.as_slice() else {
        return Ok(());
    };
    for row in [direct, bare] {
        let (name, [cpu, p50, p99, rate]) = (row.name, row.figures());
        writeln!(
            text,
            "| {name} | {cpu:.1} | | {:.3} | {:.3} | | | {:.0} |",
            p50.median, p99.median, rate.median
        )?;
    }
    for row in ours {
        let (name, [cpu, p50, p99, rate]) = (row.name, row.figures());
        let ratio = row.cpu_ratio(bare);
        let (over_p50, over_p99) = row.added_ms(bare);
        writeln!(
            text,
            "| {name} | {cpu:.1} | {ratio:.2} | {:.3} | {:.3} | {over_p50:.3} | {over_p99:.3} | {:.0} |",
            p50.median, p99.median, rate.median
        )?;
    }
    Ok(())
}

/// Compares with the goals what they speak of: calls of `auto` over MCP.
fn write_goals(text: &mut String, start: &StartUp, cells: &[Cell]) -> Result<(), Fault> {
    writeln!(text, "\n### Goals\n")?;
    writeln!(text, "| | goal | measured | |\n|---|--:|--:|---|")?;
    for cell in cells.iter().filter(|cell| cell.door == Door::V1Stream) {
        let [_, bare, ours, ..] = cell.rows.as_slice() else {
            continue;
        };
        let here = format!("streamed, c = {}", cell.clients);
        let [ratio, first, p99] = ours.stream_figures(bare);
        let what = format!("p50 total × bare, {here}");
        write_goal(text, &what, GOAL_STREAM_RATIO, ratio.median)?;
        if cell.clients == 1 {
            let what = format!("p50 ms to the first text over bare, {here}");
            write_goal(text, &what, GOAL_FIRST_TEXT_MS, first.median)?;
            let what = format!("p99 ms, {here}");
            write_goal(text, &what, GOAL_STALL_MS, p99.median)?;
        }
    }
    let is_mcp = |cell: &&Cell| matches!(cell.door, Door::Mcp2025 | Door::Mcp2026);
    for cell in cells.iter().filter(is_mcp) {
        let [_, bare, ours, ..] = cell.rows.as_slice() else {
            continue;
        };
        let here = format!("{}, c = {}", cell.door.name(), cell.clients);
        let ratio = ours.cpu_ratio(bare).median;
        write_goal(text, &format!("CPU × bare, {here}"), GOAL_CPU_RATIO, ratio)?;
        if cell.clients == 1 {
            let (p50, p99) = ours.added_ms(bare);
            let what = format!("p50 ms over bare, {here}");
            write_goal(text, &what, GOAL_ADDED_P50_MS, p50.median)?;
            let what = format!("p99 ms over bare, {here}");
            write_goal(text, &what, GOAL_ADDED_P99_MS, p99.median)?;
        }
    }
    let first = start.first_answer_ms.median;
    write_goal(text, "exec → first answer, ms", GOAL_FIRST_ANSWER_MS, first)?;
    write_goal(text, "resident idle, MiB", GOAL_IDLE_MIB, start.idle_mib)
}

fn write_goal(text: &mut String, what: &str, goal: f64, measured: f64) -> Result<(), Fault> {
    let verdict = if measured <= goal {
        "met".to_owned()
    } else {
        format!("missed by {:.0} %", (measured / goal - 1.0) * 100.0)
    };
    writeln!(text, "| {what} | ≤ {goal} | {measured:.2} | {verdict} |")?;
    Ok(())
}
