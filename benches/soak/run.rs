//! Makes the calls and looks at the gateway along the way.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::Fault;
use crate::mix::{self, BILLED, Visit};
use crate::question::End;
use crate::report::{self, Closing, Row, Tally};
use crate::simulated::City;

/// Calls at once.
const CLIENTS: usize = 32;
/// Looks along the way, one after each of so many equal stretches.
const STRETCHES: usize = 20;
/// How long the gateway rests before it is looked at for the last time.
const REST: Duration = Duration::from_secs(3);
/// The contract's time for the end of the process.
const END: Duration = Duration::from_secs(10);

/// The file of the store, which is removed at the end. In memory the ledger
/// itself would grow up to its bound.
struct Ledger(PathBuf);

impl Ledger {
    fn new() -> Self {
        let name = format!("soak-{}.db", std::process::id());
        Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.0.display())
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        for tail in ["", "-wal", "-shm", ".lock"] {
            // What is left costs space alone.
            let _ = std::fs::remove_file(format!("{}{tail}", self.0.display()));
        }
    }
}

/// Runs the soak, prints it and tells whether every goal was reached.
pub(crate) fn all(calls: usize) -> Result<bool, Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let file = Ledger::new();
        let store = [("DATABASE_URL", &*file.url())];
        let city = Arc::new(City::start(1, &store).await?);
        mix::prepare(&city).await?;
        // Connections and first-time costs are not what is measured.
        let warm_up = calls / 20;
        stretch(&city, 0, warm_up).await?;
        let at_rest = city.gateway.open_files()?;
        let mut rows = Vec::new();
        report::print_head()?;
        for number in 0..STRETCHES {
            let from = warm_up + calls * number / STRETCHES;
            let to = warm_up + calls * (number + 1) / STRETCHES;
            let began = Instant::now();
            let (tally, took) = stretch(&city, from, to).await?;
            let row = Row {
                calls: to - warm_up,
                memory_mib: city.gateway.memory_mib()?,
                files: city.gateway.open_files()?,
                threads: city.gateway.threads()?,
                per_second: (to - from) as f64 / began.elapsed().as_secs_f64(),
                tally,
                took,
            };
            report::print_row(&row)?;
            rows.push(row);
        }
        sleep(REST).await;
        let closing = close(city, at_rest).await?;
        report::print(&rows, &closing)
    })
}

/// Makes the calls from number `from` to before `to`, and returns how long
/// those took whose callers stayed.
async fn stretch(
    city: &Arc<City>,
    from: usize,
    to: usize,
) -> Result<(Tally, Vec<Duration>), Fault> {
    let next = Arc::new(AtomicUsize::new(from));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (city, next) = (Arc::clone(city), Arc::clone(&next));
        clients.spawn(async move {
            let (mut tally, mut times) = (Tally::default(), Vec::new());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= to {
                    return (tally, times);
                }
                let visit = Visit::of(number);
                let began = Instant::now();
                let end = match visit.leaves_after {
                    Some(patience) => timeout(patience, city.ask(&visit.question)).await.ok(),
                    None => Some(city.ask(&visit.question).await),
                };
                match end {
                    None => tally.left += 1,
                    Some(End::Answered) => tally.answered += 1,
                    Some(End::Refused(_)) => tally.refused += 1,
                    Some(End::Wrong(what)) => {
                        tally.wrong += 1;
                        tally.first_wrong.get_or_insert(what);
                    }
                }
                if visit.leaves_after.is_none() {
                    times.push(began.elapsed());
                }
            }
        });
    }
    let (mut tally, mut times) = (Tally::default(), Vec::new());
    while let Some(client) = clients.join_next().await {
        let (more, took) = client?;
        tally.add(more);
        times.extend(took);
    }
    times.sort_unstable();
    Ok((tally, times))
}

/// Looks at the gateway at rest, and ends it.
async fn close(city: Arc<City>, files_before: usize) -> Result<Closing, Fault> {
    let usage = json!({"time_range": "1h"});
    let usage = city.tool("get_usage_metrics", &usage).await?;
    let dollars = |path: &str| {
        let amount = usage.pointer(path).and_then(serde_json::Value::as_f64);
        amount.unwrap_or_default()
    };
    let bill = city.bill(&BILLED).await?;
    let in_flight = city.in_flight().await?;
    let (files, memory_mib) = (city.gateway.open_files()?, city.gateway.memory_mib()?);
    let city = Arc::into_inner(city).ok_or("a client is still there")?;
    let began = Instant::now();
    let status = city.gateway.terminate(END).await?;
    Ok(Closing {
        cost_usd: dollars("/cost/total"),
        possible_usd: dollars("/cost/possible"),
        bill,
        in_flight,
        files_before,
        files,
        memory_mib,
        end: (status.code(), began.elapsed()),
    })
}
