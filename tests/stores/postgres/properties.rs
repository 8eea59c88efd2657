//! The invariants under any interleaving.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ai_gateway::domain::{Grant, Hold, LimitRefusal, LimitScope, LimitStore as _, NanoUsd};
use ai_gateway::stores::{LedgerSink as _, PostgresStore};
use futures_util::future::join_all;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::test_runner::TestRunner;
use sqlx::PgConnection;

use super::database::Database;
use super::invariants::{assert_hold, totals};
use super::rig::{budget, caller, eventually, hold, line, settlement};

const CAP: NanoUsd = NanoUsd::new(1_000);

#[derive(Clone, Debug)]
enum Step {
    /// Sets an amount aside; `is_short`: a sweep finds it at once.
    Reserve {
        bound: u8,
        is_short: bool,
    },
    /// Books shares of the estimate for one of the holds.
    Book {
        which: usize,
        cost: u8,
        possible: u8,
    },
    /// Gives up one of the holds.
    Release {
        which: usize,
    },
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<u8>(), any::<bool>())
            .prop_map(|(bound, is_short)| Step::Reserve { bound, is_short }),
        4 => (any::<usize>(), any::<u8>(), any::<u8>())
            .prop_map(|(which, cost, possible)| Step::Book { which, cost, possible }),
        1 => any::<usize>().prop_map(|which| Step::Release { which }),
        1 => Just(Step::Sweep),
    ]
}

#[derive(Clone)]
struct Granted {
    hold: Hold,
    grant: Grant,
    is_booked: bool,
}

/// What the workers share.
struct World<'a> {
    stores: [&'a PostgresStore; 2],
    granted: Mutex<Vec<Granted>>,
}

impl World<'_> {
    async fn take(&self, worker: usize, step: &Step) {
        let store = self.stores[worker % 2];
        match step {
            Step::Reserve { bound, is_short } => {
                let budgets = vec![
                    budget(caller("alice"), CAP),
                    budget(LimitScope::Global, CAP),
                ];
                let mut wanted = hold(budgets, NanoUsd::new(i64::from(*bound)));
                wanted.lasts = Duration::from_secs(if *is_short { 0 } else { 600 });
                match store.reserve(&wanted).await {
                    Ok(grant) => self.lock().push(Granted {
                        hold: wanted,
                        grant,
                        is_booked: false,
                    }),
                    Err(LimitRefusal::Budget { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            Step::Book {
                which,
                cost,
                possible,
            } => {
                let Some(Granted { hold, grant, .. }) = self.pick(*which) else {
                    return;
                };
                // Together no more than the estimate, which a sweep books: a
                // line that comes later and is dearer may pass the cap.
                let share = |part: u8, of: i64| of * i64::from(part) / 255;
                let cost = share(*cost, hold.estimate.nanos());
                let possible = share(*possible, hold.estimate.nanos() - cost);
                let line = line(&hold, &grant, NanoUsd::new(cost), NanoUsd::new(possible));
                store.write(std::slice::from_ref(&line)).await.unwrap();
                store.write(&[line]).await.unwrap();
            }
            Step::Release { which } => {
                if let Some(Granted { hold, grant, .. }) = self.give_up(*which) {
                    store.settle(settlement(&hold, &grant, 0, NanoUsd::ZERO));
                }
            }
            Step::Sweep => _ = store.sweep(Duration::ZERO).await.unwrap(),
        }
    }

    /// Picks any of the holds to book it, one that was booked or swept as well.
    fn pick(&self, which: usize) -> Option<Granted> {
        let mut granted = self.lock();
        let index = which.checked_rem(granted.len())?;
        let picked = granted.get_mut(index)?;
        picked.is_booked = true;
        Some(picked.clone())
    }

    /// Takes out one of the holds, unless it is booked. An attempt that is
    /// given up has no cost: booked after others got its money, it would pass
    /// the cap.
    fn give_up(&self, which: usize) -> Option<Granted> {
        let mut granted = self.lock();
        let index = which.checked_rem(granted.len())?;
        let is_booked = granted.get(index)?.is_booked;
        (!is_booked).then(|| granted.swap_remove(index))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Granted>> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[test]
fn money_adds_up_under_any_interleaving() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let Some(database) = runtime.block_on(Database::create()) else {
        return;
    };
    let instances = runtime.block_on(async {
        let (one, other) = (database.instance().await, database.instance().await);
        [one, other]
    });
    let stores = [&*instances[0].store, &*instances[1].store];
    let config = ProptestConfig {
        cases: 64,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    };

    TestRunner::new(config)
        .run(&vec(step(), 1..60), |steps| {
            runtime.block_on(interleave(&database, stores, &steps));
            Ok(())
        })
        .unwrap();
}

/// Runs a command of the test's own, again where what the stores do by
/// themselves had rows or tables locked in another order.
async fn insist(connection: &mut PgConnection, command: &'static str) {
    let mut done = sqlx::raw_sql(command).execute(&mut *connection).await;
    for _ in 0..5 {
        if done.is_ok() {
            break;
        }
        done = sqlx::raw_sql(command).execute(&mut *connection).await;
    }
    done.unwrap();
}

/// Has four workers take the steps from one list.
async fn interleave(database: &Database, stores: [&PostgresStore; 2], steps: &[Step]) {
    let mut connection = database.connection().await;
    insist(
        &mut connection,
        "truncate budget, hold, ledger, bucket, roll_up",
    )
    .await;
    let world = World {
        stores,
        granted: Mutex::default(),
    };
    let (world, next) = (&world, &AtomicUsize::new(0));
    join_all((0..4).map(|worker| async move {
        while let Some(step) = steps.get(next.fetch_add(1, Ordering::Relaxed)) {
            world.take(worker, step).await;
        }
    }))
    .await;
    assert_hold(&mut connection, CAP).await;

    // I5: every hold ends.
    insist(&mut connection, "update hold set expires_at = now()").await;
    eventually("all holds end", || async {
        stores[0].sweep(Duration::ZERO).await.unwrap();
        totals(&mut database.connection().await).await.2 == NanoUsd::ZERO
    })
    .await;
    assert_hold(&mut connection, CAP).await;
}
