//! What the ledger costs in a SQLite file: to write, to report from and to
//! open.
//!
//! Prints two tables in Markdown. The lines are random calls of twenty callers
//! and ten models unless a row says otherwise.

#![expect(clippy::print_stdout, reason = "the report is what the bench is for")]

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ai_gateway::app::SystemClock;
use ai_gateway::domain::{
    AttemptId, CacheOutcome, Caller, Clock as _, Cost, LedgerEntry, ModelId, NanoUsd, Outcome,
    ProviderName, RequestId, Target, TokenUsage, Usage, UsageQuery, UsageStore as _,
};
use ai_gateway::stores::{LedgerSink as _, SqliteLocation, SqliteOptions, SqliteStore, Store as _};

const ENTRIES: u64 = 100_000;
/// As many as the queue writes at once.
const BATCH: usize = 500;
const DAYS: u64 = 32;
const ENTRIES_A_DAY: u64 = 2_400;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("| writing in batches of {BATCH} | CPU, µs per entry | in all, µs per entry |");
    println!("|---|--:|--:|");
    write(1, 1).await?;
    write(20, 10).await?;
    println!("\n| {DAYS} days of {ENTRIES_A_DAY} calls | ms |\n|---|--:|");
    report().await
}

/// A folder for one file, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("ai-gateway-{}", RequestId::random())))
    }

    fn file(&self) -> PathBuf {
        self.0.join("gateway.db")
    }

    async fn open(&self) -> Result<SqliteStore, Box<dyn Error>> {
        let location = SqliteLocation::File(self.file());
        let store = SqliteStore::open(location, SqliteOptions::default(), Arc::new(SystemClock));
        Ok(store.await.map_err(|fault| fault.to_string())?)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn write(callers: u64, models: u64) -> Result<(), Box<dyn Error>> {
    let folder = Folder::new();
    let store = folder.open().await?;
    let entries = entries(ENTRIES, callers, models);
    let (start, cpu) = (Instant::now(), cpu_time()?);
    for batch in entries.chunks(BATCH) {
        store.write(batch).await?;
    }
    let (wall, cpu) = (start.elapsed(), cpu_time()?.saturating_sub(cpu));
    let each_us = |time: Duration| time.as_secs_f64() * 1e6 / ENTRIES as f64;
    println!(
        "| {callers} callers, {models} models | {:.2} | {:.2} |",
        each_us(cpu),
        each_us(wall)
    );
    store.close().await;
    Ok(())
}

async fn report() -> Result<(), Box<dyn Error>> {
    let folder = Folder::new();
    let start = Instant::now();
    let store = folder.open().await?;
    row("make the file", start);
    for day in 0..DAYS {
        let mut entries = entries(ENTRIES_A_DAY, 20, 10);
        for (number, entry) in (0_u64..).zip(&mut entries) {
            let seconds = day * 86_400 + number % 24 * 3_600 + number % 60 * 60;
            entry.started_at -= Duration::from_secs(seconds);
        }
        store.write(&entries).await?;
    }
    for (name, caller) in [
        ("report 30 days of everybody", None),
        ("report 30 days of one caller", Some("caller-1")),
    ] {
        let to = SystemClock.now();
        let query = UsageQuery {
            from: to - Duration::from_hours(30 * 24),
            to,
            caller: caller.map(Caller::new),
        };
        store.usage(&query).await?;
        let start = Instant::now();
        store.usage(&query).await?;
        row(name, start);
    }
    store.close().await;
    let mib = fs::metadata(folder.file())?.len() as f64 / f64::from(1 << 20);
    let start = Instant::now();
    let store = folder.open().await?;
    row(&format!("open the file, {mib:.1} MiB"), start);
    store.close().await;
    Ok(())
}

fn row(name: &str, start: Instant) {
    println!("| {name} | {:.1} |", start.elapsed().as_secs_f64() * 1e3);
}

/// Makes calls until now, a thousand a second.
fn entries(count: u64, callers: u64, models: u64) -> Vec<LedgerEntry> {
    let now = SystemClock.now();
    let entries = (0..count).map(|number| LedgerEntry {
        id: AttemptId {
            request: RequestId::random(),
            attempt: 0,
        },
        started_at: now - Duration::from_millis(count - number),
        caller: Caller::new(format!("caller-{}", number % callers)),
        group: Some("team".into()),
        target: Some(Target {
            provider: ProviderName::new("openai"),
            model: ModelId::new(format!("model-{}", number / callers % models)),
            effort: None,
        }),
        outcome: Outcome::Answered,
        usage: Usage::reported(TokenUsage {
            input: 100,
            output: 20,
            ..TokenUsage::default()
        }),
        cost: Cost::Priced {
            amount: NanoUsd::new(1_000),
            is_incomplete: false,
        },
        possible_cost: NanoUsd::ZERO,
        latency: Duration::from_micros(100_000 + number * 7_919 % 900_000),
        cache: CacheOutcome::MISS,
        budgets: Arc::default(),
        call_latency: Some(Duration::from_millis(120)),
    });
    entries.collect()
}

/// Returns the CPU that all threads of this process have used.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name before the fields ends with a bracket, and may hold blanks.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    // The 14th and 15th of all fields, in ticks of 10 ms.
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Result<Vec<u64>, _> = ticks.map(str::parse).collect();
    Ok(Duration::from_millis(10 * ticks?.iter().sum::<u64>()))
}
