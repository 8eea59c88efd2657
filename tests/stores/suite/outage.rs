//! A queue in front of a store that goes away for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ai_gateway::domain::{
    BudgetWindow, Caller, Ledger as _, LedgerEntry, LimitScope, NanoUsd, StoreError,
};
use ai_gateway::stores::{LedgerQueue, LedgerSink, MergedEntries, Store, StoreHealth};
use async_trait::async_trait;

use crate::book::{hours, line, now, period, priced, target};
use crate::figures::{expected, usage_of};
use crate::place::{HandClock, Place};

/// A store behind a door that can be shut.
struct Door {
    store: Arc<dyn Store>,
    is_open: AtomicBool,
}

impl Door {
    fn check(&self) -> Result<(), StoreError> {
        let is_open = self.is_open.load(Ordering::Relaxed);
        is_open
            .then_some(())
            .ok_or_else(|| StoreError("shut".to_owned()))
    }
}

#[async_trait]
impl LedgerSink for Door {
    async fn write(&self, batch: &[LedgerEntry]) -> Result<(), StoreError> {
        self.check()?;
        self.store.write(batch).await
    }

    async fn write_merged(&self, merged: &MergedEntries) -> Result<(), StoreError> {
        self.check()?;
        self.store.write_merged(merged).await
    }

    fn health(&self) -> &StoreHealth {
        self.store.health()
    }
}

async fn shut_door<P: Place>(place: &P) -> Arc<Door> {
    Arc::new(Door {
        store: place.open(HandClock::at(now())).await,
        is_open: AtomicBool::new(false),
    })
}

pub(crate) async fn a_store_that_comes_back_gets_everything<P: Place>() {
    let place = P::new().await;
    let door = shut_door(&place).await;
    let queue = LedgerQueue::new(door.clone());
    let lines: Vec<_> = (0..1_234).map(line).collect();
    for line in &lines {
        queue.record(line.clone());
    }

    queue.flush_now().await.unwrap_err();
    let state = door.store.state();
    assert_eq!((state.buffered, state.merged), (1_234, 0));
    assert_eq!(state.fault.as_deref(), Some("shut"));
    door.is_open.store(true, Ordering::Relaxed);
    queue.flush_now().await.unwrap();

    let state = door.store.state();
    assert_eq!((state.buffered, state.fault), (0, None));
    let (from, to) = (now() - hours(1), now());
    assert_eq!(
        usage_of(&*door.store, None, from, to).await,
        expected(&lines, None, from, to)
    );
}

pub(crate) async fn a_long_outage_costs_detail_but_no_money<P: Place>() {
    let place = P::new().await;
    let door = shut_door(&place).await;
    let queue = LedgerQueue::new(door.clone());
    let lines: Vec<_> = (0..25_000_u32)
        .map(|number| LedgerEntry {
            caller: Caller::new(["alice", "bob"][number as usize % 2]),
            target: Some(target(
                "openai",
                ["gpt", "gpt-mini"][number as usize / 2 % 2],
            )),
            started_at: now() - Duration::from_secs(1) - Duration::from_millis(number.into()),
            cost: priced(i64::from(number)),
            possible_cost: NanoUsd::new(i64::from(number % 7)),
            budgets: match number % 10 {
                0 => [period(LimitScope::Global, BudgetWindow::Day)].into(),
                _ => [].into(),
            },
            ..line(number.into())
        })
        .collect();

    for line in &lines {
        queue.record(line.clone());
    }
    let state = door.store.state();
    assert!(state.buffered <= 20_000);
    assert_eq!(state.buffered + state.merged, 25_000);
    door.is_open.store(true, Ordering::Relaxed);
    queue.flush_now().await.unwrap();

    let (from, to) = (now() - hours(1), now());
    for caller in [None, Some("alice"), Some("bob")] {
        assert_eq!(
            usage_of(&*door.store, caller, from, to).await,
            expected(&lines, caller, from, to)
        );
    }
    let budgeted = lines.iter().step_by(10);
    let spent: i64 = budgeted
        .map(|line| line.cost.amount().unwrap().nanos() + line.possible_cost.nanos())
        .sum();
    assert_eq!(
        door.store.spent(now()).await.unwrap()[0].1,
        NanoUsd::new(spent)
    );
}
