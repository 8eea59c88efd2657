//! When the queue writes, and what becomes of what cannot be written. The
//! store is a list here, so that time can be virtual.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ai_gateway::domain::{
    BudgetPeriod, BudgetWindow, Caller, Ledger as _, LedgerEntry, LimitScope, NanoUsd, StoreError,
    StoreState, UsageQuery, UsageStore, UsageSums,
};
use ai_gateway::stores::{FreshUsage, LedgerQueue, LedgerSink, MergedEntries, StoreHealth};
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::{Instant, advance};
use tokio_util::sync::CancellationToken;

use crate::book::{line, now, period};

/// How the list takes what is written.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Works,
    Fails,
    /// Stores what comes, but never says so.
    Hangs,
}

struct List {
    mood: Mutex<Mood>,
    /// When each write came, and how many entries it brought.
    writes: Mutex<Vec<(Instant, usize)>>,
    health: StoreHealth,
}

impl List {
    fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self {
            mood: Mutex::new(mood),
            writes: Mutex::default(),
            health: StoreHealth::default(),
        })
    }

    fn turn(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Returns how many milliseconds after `start` each write came, and its
    /// size.
    fn writes(&self, start: Instant) -> Vec<(u128, usize)> {
        let writes = self.writes.lock().unwrap();
        let since = |(at, size): &(Instant, usize)| ((*at - start).as_millis(), *size);
        writes.iter().map(since).collect()
    }
}

#[async_trait]
impl LedgerSink for List {
    async fn write(&self, batch: &[LedgerEntry]) -> Result<(), StoreError> {
        self.writes
            .lock()
            .unwrap()
            .push((Instant::now(), batch.len()));
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Works => Ok(()),
            Mood::Fails => Err(StoreError("full".to_owned())),
            Mood::Hangs => std::future::pending().await,
        }
    }

    async fn write_merged(&self, _: &MergedEntries) -> Result<(), StoreError> {
        Ok(())
    }

    fn health(&self) -> &StoreHealth {
        &self.health
    }
}

/// Reports that say nothing.
struct Blank;

#[async_trait]
impl UsageStore for Blank {
    async fn usage(&self, _: &UsageQuery) -> Result<Vec<UsageSums>, StoreError> {
        Ok(Vec::new())
    }

    async fn callers(
        &self,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<(Caller, UsageSums)>, StoreError> {
        Ok(Vec::new())
    }

    async fn spent(&self, _: Timestamp) -> Result<Vec<(BudgetPeriod, NanoUsd)>, StoreError> {
        Ok(Vec::new())
    }

    fn state(&self) -> StoreState {
        StoreHealth::default().state("blank")
    }
}

/// Runs a queue beside a test for as long as the test takes.
async fn beside<T>(queue: &LedgerQueue, test: impl Future<Output = T>) -> T {
    let stop = CancellationToken::new();
    tokio::join!(queue.run(stop.clone()), async {
        let result = test.await;
        stop.cancel();
        result
    })
    .1
}

/// Lets so much time pass that everything due in it is done.
async fn pass(milliseconds: u64) {
    for _ in 0..milliseconds {
        advance(Duration::from_millis(1)).await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn entries_share_a_commit_within_fifty_milliseconds() {
    let list = List::new(Mood::Works);
    let queue = LedgerQueue::new(list.clone());
    let start = Instant::now();

    beside(&queue, async {
        pass(10).await;
        queue.record(line(1));
        pass(20).await;
        queue.record(line(2));
        pass(100).await;
        queue.record(line(3));
        pass(60).await;
    })
    .await;

    let writes = list.writes(start);
    assert_eq!(writes.len(), 2, "{writes:?}");
    assert_eq!((writes[0].1, writes[1].1), (2, 1));
    assert!((60..=62).contains(&writes[0].0), "{writes:?}");
    assert!((180..=182).contains(&writes[1].0), "{writes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_report_sees_what_was_just_recorded_and_does_not_wait_for_a_store_that_hangs() {
    let list = List::new(Mood::Works);
    let queue = Arc::new(LedgerQueue::new(list.clone()));
    let usage = FreshUsage::new(Arc::clone(&queue), Arc::new(Blank));
    let query = UsageQuery {
        from: now() - Duration::from_secs(60),
        to: now(),
        caller: None,
    };
    let start = Instant::now();
    (0..1_200).for_each(|number| queue.record(line(number)));

    usage.usage(&query).await.unwrap();

    let sizes: Vec<_> = list.writes(start).into_iter().collect();
    assert_eq!(sizes, [(0, 500), (0, 500), (0, 200)]);
    list.turn(Mood::Hangs);
    queue.record(line(2_000));
    usage.usage(&query).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn five_hundred_entries_wait_for_nobody() {
    let list = List::new(Mood::Works);
    let queue = LedgerQueue::new(list.clone());
    let start = Instant::now();

    beside(&queue, async {
        pass(1).await;
        (0..1_200).for_each(|number| queue.record(line(number)));
        pass(60).await;
    })
    .await;

    let writes = list.writes(start);
    let sizes: Vec<_> = writes.iter().map(|(_, size)| *size).collect();
    assert_eq!(sizes, [500, 500, 200], "{writes:?}");
    assert!(writes[1].0 <= 2, "{writes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_left_alone_for_longer_and_longer() {
    let list = List::new(Mood::Fails);
    let queue = LedgerQueue::new(list.clone());
    let start = Instant::now();

    beside(&queue, async {
        queue.record(line(1));
        pass(60_000).await;
        assert_eq!(list.health.state("list").fault.as_deref(), Some("full"));
        list.turn(Mood::Works);
        pass(16_000).await;
    })
    .await;

    let writes = list.writes(start);
    // Thrice, then after 1, 2, 4, 8, 15, 15 and 15 seconds, when it works.
    assert_eq!(writes.len(), 10, "{writes:?}");
    assert_eq!(list.health.state("list").buffered, 0);
    assert_eq!(list.health.state("list").fault, None);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_cut_off_comes_again_as_it_was() {
    let list = List::new(Mood::Hangs);
    let queue = LedgerQueue::new(list.clone());
    (0..3).for_each(|number| queue.record(line(number)));
    beside(&queue, pass(60)).await;
    assert_eq!(list.health.state("list").buffered, 3);
    queue.record(line(4));

    list.turn(Mood::Works);
    queue
        .flush(Instant::now() + Duration::from_secs(1))
        .await
        .unwrap();

    let sizes: Vec<_> = list
        .writes(Instant::now() - Duration::from_secs(9))
        .into_iter()
        .map(|write| write.1)
        .collect();
    assert_eq!(sizes, [3, 3, 1]);
    assert!(queue.drain_lost().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_end_can_be_written_down() {
    let list = List::new(Mood::Fails);
    let queue = LedgerQueue::new(list.clone());
    (0..600).for_each(|number| queue.record(line(number)));
    let start = Instant::now();

    queue
        .flush(start + Duration::from_millis(1_500))
        .await
        .unwrap_err();

    assert!(start.elapsed() <= Duration::from_millis(1_500));
    let lost = queue.drain_lost().await;
    assert_eq!(lost.len(), 600);
    assert_eq!(
        lost[0].to_json(),
        json!({
            "event": "ledger_gap",
            "request_id": "req_00000000000000000000000000000000",
            "attempt": 0,
            "started_at": "2026-11-22T10:20:29Z",
            "caller": "alice",
            "provider": "openai",
            "model": "gpt",
            "outcome": "answered",
            "input_tokens": 100,
            "output_tokens": 20,
            "estimated": false,
            "cost_nano_usd": 1_000,
            "possible_cost_nano_usd": 0,
            "latency_ms": 100,
        })
    );
    assert_eq!(list.health.state("list").buffered, 0);
}

#[tokio::test(start_paused = true)]
async fn sums_of_a_very_long_outage_stay_few_and_exact() {
    let list = List::new(Mood::Fails);
    let queue = LedgerQueue::new(list.clone());
    for number in 0..60_000 {
        let mut line = line(number);
        line.started_at += Duration::from_secs(60 * number);
        queue.record(line);
    }

    let lost = queue.drain_lost().await;

    let cost: i64 = lost
        .iter()
        .map(|gap| gap.to_json()["cost_nano_usd"].as_i64().unwrap())
        .sum();
    assert!(lost.len() < 20_000 + 4_000, "{}", lost.len());
    assert_eq!(cost, 60_000 * 1_000);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_room_at_all_is_not_kept() {
    let list = List::new(Mood::Fails);
    let queue = LedgerQueue::new(list.clone());
    let budgets: Arc<[_]> = [period(LimitScope::Global, BudgetWindow::Day)].into();

    for number in 0..21_000 {
        let mut line = line(number);
        line.budgets = Arc::clone(&budgets);
        queue.record(line);
    }

    let state = list.health.state("list");
    assert_eq!((state.buffered, state.merged), (20_000, 0));
}

#[tokio::test(start_paused = true)]
async fn sums_that_are_left_at_the_end_can_be_written_down() {
    let list = List::new(Mood::Fails);
    let queue = LedgerQueue::new(list.clone());
    (0..18_000).for_each(|number| queue.record(line(number)));

    let lost = queue.drain_lost().await;

    let cost: i64 = lost
        .iter()
        .map(|gap| gap.to_json()["cost_nano_usd"].as_i64().unwrap())
        .sum();
    assert!(lost.len() < 18_000);
    assert_eq!(cost, 18_000 * 1_000);
}
