//! Many callers and several instances at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ai_gateway::domain::{LimitRefusal, LimitScope, LimitStore as _, NanoUsd};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::database::Database;
use super::invariants::{assert_hold, totals};
use super::rig::{Instance, PATIENCE, budget, caller, calls, eventually, hold, tokens, until};

const CALLERS: i64 = 64;
const CAP: i64 = 600;

/// Spends one after the other until nothing is left and nothing can come
/// back, and returns how often it could.
async fn spend_all(instance: Arc<Instance>) -> i64 {
    let mut granted = 0;
    while spend_one(&instance).await {
        granted += 1;
    }
    granted
}

/// Spends one as soon as there is room for it, or tells that there will be
/// none.
async fn spend_one(instance: &Instance) -> bool {
    let cap = NanoUsd::new(CAP);
    until("there is room, or none for good", || async {
        let budgets = vec![
            budget(caller("alice"), cap),
            budget(LimitScope::Global, cap),
        ];
        // A bound of four, of which one is used: most refusals are of those
        // who come too early, and all of them must come through at last.
        match instance
            .spend(budgets, NanoUsd::new(4), NanoUsd::new(1))
            .await
        {
            Ok(()) => Some(true),
            Err(LimitRefusal::Budget { left, held, .. })
                if held == NanoUsd::ZERO && left < NanoUsd::new(4) =>
            {
                Some(false)
            }
            Err(LimitRefusal::Budget { .. }) => None,
            Err(other) => panic!("{other}"),
        }
    })
    .await
}

/// Asserts the invariants over and over.
async fn keep_asserting(database: &Database) -> Infallible {
    let mut watcher = database.connection().await;
    loop {
        assert_hold(&mut watcher, NanoUsd::new(CAP)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tight_cap_is_reached_exactly_and_never_passed() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instances = [
        Arc::new(database.instance().await),
        Arc::new(database.instance().await),
    ];
    let mut callers = JoinSet::new();
    for (_, instance) in (0..CALLERS).zip(instances.iter().cycle()) {
        callers.spawn(spend_all(Arc::clone(instance)));
    }

    let granted: i64 = tokio::select! {
        done = timeout(PATIENCE, callers.join_all()) => done.unwrap().into_iter().sum(),
        never = keep_asserting(&database) => match never {},
    };

    // Three are left that no bound of four fits into.
    assert_eq!(granted, CAP - 3);
    let both = NanoUsd::new(2 * (CAP - 3));
    let mut connection = database.connection().await;
    assert_eq!(
        totals(&mut connection).await,
        (both, NanoUsd::ZERO, NanoUsd::ZERO)
    );
    assert_hold(&mut connection, NanoUsd::new(CAP)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_share_a_rate() {
    const PER_MINUTE: u64 = 12_000;
    const BURST: u64 = 600;
    let Some(database) = Database::create().await else {
        return;
    };
    let stores = [database.instance().await, database.instance().await];
    let start = Instant::now();
    let end = start + Duration::from_secs(2);
    let admitted = Arc::new(AtomicI64::new(0));
    let mut callers = JoinSet::new();

    for instance in stores.iter().cycle().take(8) {
        let store = Arc::clone(&instance.store);
        let admitted = Arc::clone(&admitted);
        callers.spawn(async move {
            let draw = [calls(LimitScope::Global, PER_MINUTE, BURST)];
            loop {
                match store.take(&draw).await {
                    Ok(_) => _ = admitted.fetch_add(1, Ordering::Relaxed),
                    Err(LimitRefusal::Rate { .. }) if Instant::now() > end => break,
                    Err(LimitRefusal::Rate { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    callers.join_all().await;

    // The bucket was full when it was first asked for, and is empty now.
    let admitted = admitted.load(Ordering::Relaxed) as f64;
    let flowed = start.elapsed().as_secs_f64() * PER_MINUTE as f64 / 60.0;
    let most = BURST as f64 + flowed;
    assert!(admitted <= most, "{admitted} > {most}");
    assert!(admitted >= 0.99 * most, "{admitted} < {most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_callers_who_left_had_asked_for_is_released() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let cap = NanoUsd::new(1_000_000);
    let mut left = 0;

    for wait_us in (0..3_000).step_by(25) {
        let mut wanted = hold(vec![budget(caller("alice"), cap)], NanoUsd::new(10));
        wanted.draws = vec![tokens(caller("alice"), 1_000_000, 10)];
        let reserve = instance.store.reserve(&wanted);
        match timeout(Duration::from_micros(wait_us), reserve).await {
            // Long enough: the rest of the test is about the others.
            Ok(grant) => {
                let mut line =
                    super::rig::line(&wanted, &grant.unwrap(), NanoUsd::ZERO, NanoUsd::ZERO);
                line.cost = ai_gateway::domain::Cost::Unpriced;
                ai_gateway::domain::Ledger::record(&*instance.ledger, line);
            }
            Err(_) => left += 1,
        }
    }

    assert!(left > 0, "nobody left");
    eventually("all holds end", || async {
        let mut connection = database.connection().await;
        totals(&mut connection).await == (NanoUsd::ZERO, NanoUsd::ZERO, NanoUsd::ZERO)
    })
    .await;
    assert_hold(&mut database.connection().await, cap).await;
}

#[tokio::test]
async fn an_instance_that_is_killed_loses_nothing_that_was_settled() {
    let Some(database) = Database::create().await else {
        return;
    };
    let cap = NanoUsd::new(1_000);
    let (one, other) = (database.instance().await, database.instance().await);
    let budgets = vec![budget(LimitScope::Global, cap)];
    one.spend(budgets.clone(), NanoUsd::new(100), NanoUsd::new(60))
        .await
        .unwrap();
    one.ledger.flush_now().await.unwrap();
    let mut orphan = hold(budgets.clone(), NanoUsd::new(100));
    orphan.lasts = Duration::ZERO;
    one.store.reserve(&orphan).await.unwrap();

    one.kill();
    other
        .spend(budgets, NanoUsd::new(840), NanoUsd::new(5))
        .await
        .unwrap();
    other.ledger.flush_now().await.unwrap();
    other.store.sweep(Duration::ZERO).await.unwrap();

    let mut connection = database.connection().await;
    let (spent, possible, held) = totals(&mut connection).await;
    assert_eq!((spent.nanos(), possible.nanos(), held.nanos()), (65, 50, 0));
    assert_hold(&mut connection, cap).await;
}
