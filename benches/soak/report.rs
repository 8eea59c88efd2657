//! The figures of a soak, for `docs/operations.md`.

use std::io::Write as _;
use std::time::Duration;

use crate::Fault;

/// How calls ended.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) answered: usize,
    pub(crate) refused: usize,
    pub(crate) left: usize,
    pub(crate) wrong: usize,
    pub(crate) first_wrong: Option<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, more: Self) {
        self.answered += more.answered;
        self.refused += more.refused;
        self.left += more.left;
        self.wrong += more.wrong;
        self.first_wrong = self.first_wrong.take().or(more.first_wrong);
    }
}

/// One stretch of calls, and the gateway after it.
pub(crate) struct Row {
    /// Calls so far.
    pub(crate) calls: usize,
    pub(crate) memory_mib: f64,
    pub(crate) files: usize,
    pub(crate) threads: u64,
    pub(crate) per_second: f64,
    pub(crate) tally: Tally,
    /// How long calls took whose callers stayed, in order.
    pub(crate) took: Vec<Duration>,
}

/// The gateway at rest, and its end.
pub(crate) struct Closing {
    pub(crate) cost_usd: f64,
    pub(crate) possible_usd: f64,
    pub(crate) bill: Result<String, String>,
    pub(crate) in_flight: u64,
    pub(crate) files_before: usize,
    pub(crate) files: usize,
    pub(crate) memory_mib: f64,
    /// Exit code, and how long it took.
    pub(crate) end: (Option<i32>, Duration),
}

/// The steepest rise of memory over the last half, in MiB per 100,000 calls.
const MOST_SLOPE: f64 = 1.0;
/// How much slower the last tenth may be than the first.
const MOST_SLOWER: f64 = 1.1;
/// Files that may be open at rest beyond those at rest before: connections of
/// the last moment.
const MORE_FILES: usize = 5;

/// Prints a row as soon as it is known.
pub(crate) fn print_row(row: &Row) -> Result<(), Fault> {
    let mut out = std::io::stdout().lock();
    let Tally {
        answered,
        refused,
        left,
        wrong,
        ..
    } = row.tally;
    writeln!(
        out,
        "| {} | {:.1} | {} | {} | {:.0} | {:.1} | {:.1} | {answered} | {refused} | {left} | {wrong} |",
        row.calls,
        row.memory_mib,
        row.files,
        row.threads,
        row.per_second,
        quantile_ms(&row.took, 0.5),
        quantile_ms(&row.took, 0.99),
    )?;
    Ok(())
}

/// Prints the head of the table.
pub(crate) fn print_head() -> Result<(), Fault> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| calls | RSS MiB | files | threads | per second | p50 ms | p99 ms | answered | refused | left | wrong |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )?;
    Ok(())
}

/// Prints what it comes to and tells whether every goal was reached.
pub(crate) fn print(rows: &[Row], closing: &Closing) -> Result<bool, Fault> {
    let slope = slope(rows.get(rows.len() / 2..).unwrap_or_default());
    let tenth = (rows.len() / 10).max(1);
    let first = p99_ms(rows.get(..tenth).unwrap_or_default());
    let last = p99_ms(rows.get(rows.len() - tenth..).unwrap_or_default());
    let wrong: usize = rows.iter().map(|row| row.tally.wrong).sum();
    let first_wrong = rows.iter().find_map(|row| row.tally.first_wrong.as_deref());
    let (code, took) = closing.end;
    let (bill, is_billed) = match &closing.bill {
        Ok(words) => (words, true),
        Err(words) => (words, false),
    };
    let goals = [
        (
            format!("memory over the last half: {slope:+.2} MiB per 100,000 calls"),
            slope <= MOST_SLOPE,
        ),
        (
            format!("p99: first tenth {first:.1} ms, last {last:.1} ms"),
            last <= first * MOST_SLOWER,
        ),
        (
            format!(
                "wrong answers: {wrong}{}",
                first_wrong.map(|it| format!(", {it}")).unwrap_or_default()
            ),
            wrong == 0,
        ),
        (
            format!(
                "files at rest: {} before, {} after",
                closing.files_before, closing.files
            ),
            closing.files <= closing.files_before + MORE_FILES,
        ),
        (
            format!("calls in flight at rest: {}", closing.in_flight),
            closing.in_flight == 0,
        ),
        (bill.clone(), is_billed),
        (
            format!("SIGTERM: exit code {code:?} after {} ms", took.as_millis()),
            code == Some(0),
        ),
    ];
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\nat rest: {:.1} MiB, {:.2} USD spent, {:.2} USD possible",
        closing.memory_mib, closing.cost_usd, closing.possible_usd
    )?;
    for (words, holds) in &goals {
        writeln!(out, "{}  {words}", if *holds { "pass" } else { "FAIL" })?;
    }
    Ok(goals.iter().all(|(_, holds)| *holds))
}

/// Fits a line through memory over calls (least squares); its rise in MiB per
/// 100,000 calls.
fn slope(rows: &[Row]) -> f64 {
    let count = rows.len().max(1) as f64;
    let x = |row: &Row| row.calls as f64 / 1e5;
    let mean_x = rows.iter().map(x).sum::<f64>() / count;
    let mean_y = rows.iter().map(|row| row.memory_mib).sum::<f64>() / count;
    let above: f64 = rows
        .iter()
        .map(|row| (x(row) - mean_x) * (row.memory_mib - mean_y))
        .sum();
    let below: f64 = rows.iter().map(|row| (x(row) - mean_x).powi(2)).sum();
    above / below
}

fn p99_ms(rows: &[Row]) -> f64 {
    let mut took: Vec<Duration> = rows
        .iter()
        .flat_map(|row| row.took.iter().copied())
        .collect();
    took.sort_unstable();
    quantile_ms(&took, 0.99)
}

fn quantile_ms(sorted: &[Duration], quantile: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * quantile).round() as usize;
    sorted.get(at).map_or(f64::NAN, |it| it.as_secs_f64() * 1e3)
}
