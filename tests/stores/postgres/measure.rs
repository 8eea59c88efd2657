//! What a reservation and its settling cost. All callers share one budget, so
//! that its row is what they wait for. Run by name:
//! `cargo test --release --test stores -- --ignored --nocapture reserving`.

use std::sync::Arc;
use std::time::Duration;

use ai_gateway::domain::{Ledger as _, LimitScope, LimitStore as _, NanoUsd};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::database::Database;
use super::rig::{Instance, budget, caller, calls, hold, line, settlement, tokens};

const FOR: Duration = Duration::from_secs(4);
const CAP: NanoUsd = NanoUsd::new(1 << 60);

/// Returns microseconds a call of one caller, and calls a second of all.
async fn measure(instance: &Arc<Instance>, callers: usize, has_budgets: bool) -> (f64, f64) {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..callers {
        let instance = Arc::clone(instance);
        tasks.spawn(async move {
            let name = format!("caller-{number}");
            let mut done = 0_u32;
            while start.elapsed() < FOR {
                if has_budgets {
                    let budgets = vec![budget(caller(&name), CAP), budget(LimitScope::Global, CAP)];
                    let mut wanted = hold(budgets, NanoUsd::new(1_000));
                    wanted.draws = vec![tokens(caller(&name), 1_000_000_000, 100)];
                    let grant = instance.store.reserve(&wanted).await.unwrap();
                    let cost = NanoUsd::new(400);
                    instance.store.settle(settlement(&wanted, &grant, 40, cost));
                    instance
                        .ledger
                        .record(line(&wanted, &grant, cost, NanoUsd::ZERO));
                } else {
                    let draw = [calls(caller(&name), 1_000_000_000, 1_000_000_000)];
                    instance.store.take(&draw).await.unwrap();
                }
                done += 1;
            }
            done
        });
    }
    let done: u32 = tasks.join_all().await.into_iter().sum();
    instance.ledger.flush_now().await.unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let each_us = FOR.as_secs_f64() * 1e6 * callers as f64 / f64::from(done);
    (each_us, f64::from(done) / seconds)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures, and proves nothing"]
async fn reserving_and_settling_takes_microseconds() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = Arc::new(database.instance().await);
    for callers in [1, 16] {
        for (name, has_budgets) in [("take", false), ("reserve and settle", true)] {
            let (each_us, per_second) = measure(&instance, callers, has_budgets).await;
            println!("{name}, {callers} at once: {each_us:.0} µs each, {per_second:.0}/s");
        }
    }
}
