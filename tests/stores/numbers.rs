//! Measurements, to be run by name with `--release --run-ignored all`.

use std::time::{Duration, Instant};

use ai_gateway::domain::{Caller, LedgerEntry, RequestId, UsageQuery, UsageStore as _};
use ai_gateway::stores::{LedgerSink as _, SqliteOptions, Store as _};

use crate::book::{hours, line, now, target};
use crate::place::{FilePlace, HandClock};

/// Lines of random calls by so many callers of so many models.
fn lines(count: u64, callers: u64, models: u64) -> Vec<LedgerEntry> {
    (0..count)
        .map(|number| LedgerEntry {
            id: ai_gateway::domain::AttemptId {
                request: RequestId::random(),
                attempt: 0,
            },
            // A thousand calls a second.
            started_at: now() - Duration::from_millis(count - number),
            caller: Caller::new(format!("caller-{}", number % callers)),
            target: Some(target(
                "openai",
                &format!("model-{}", number / callers % models),
            )),
            latency: Duration::from_micros(100_000 + number * 7_919 % 900_000),
            ..line(0)
        })
        .collect()
}

#[tokio::test]
#[ignore = "a measurement"]
async fn microseconds_per_entry_in_batches_of_500() {
    for (callers, models) in [(1, 1), (20, 10)] {
        let place = FilePlace::make();
        let store = place
            .open_with(SqliteOptions::default(), HandClock::at(now()))
            .await;
        let lines = lines(100_000, callers, models);
        let start = Instant::now();
        let cpu = cpu_time();
        for batch in lines.chunks(500) {
            store.write(batch).await.unwrap();
        }
        let (wall, cpu) = (start.elapsed(), cpu_time() - cpu);
        println!(
            "{callers} callers, {models} models: {:.2} us of CPU per entry, {:.2} us in all",
            cpu.as_secs_f64() * 1e6 / 1e5,
            wall.as_secs_f64() * 1e6 / 1e5,
        );
    }
}

#[tokio::test]
#[ignore = "a measurement"]
async fn milliseconds_to_open_and_to_report_thirty_days() {
    let place = FilePlace::make();
    let start = Instant::now();
    let store = place
        .open_with(SqliteOptions::default(), HandClock::at(now()))
        .await;
    println!("made in {:?}", start.elapsed());
    for day in 0..32 {
        let mut lines = lines(2_400, 20, 10);
        for (number, line) in lines.iter_mut().enumerate() {
            let seconds = day * 86_400 + number as u64 % 24 * 3_600 + number as u64 % 60 * 60;
            line.started_at -= Duration::from_secs(seconds);
        }
        store.write(&lines).await.unwrap();
    }
    for caller in [None, Some(Caller::new("caller-1"))] {
        let query = UsageQuery {
            from: now() - hours(30 * 24),
            to: now(),
            caller,
        };
        store.usage(&query).await.unwrap();
        let start = Instant::now();
        store.usage(&query).await.unwrap();
        println!("30 days of {:?} in {:?}", query.caller, start.elapsed());
    }
    store.close().await;
    let start = Instant::now();
    let store = place
        .open_with(SqliteOptions::default(), HandClock::at(now()))
        .await;
    let bytes = std::fs::metadata(place.file()).unwrap().len();
    println!("opened {bytes} bytes in {:?}", start.elapsed());
    store.close().await;
}

/// CPU that all threads of this process have used.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
