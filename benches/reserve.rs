//! What a reservation and its settling cost: within the process, and in
//! Postgres where `TEST_DATABASE_URL` names a database to be filled.
//!
//! Prints a table in Markdown: microseconds that a caller waits, and
//! reservations a second of all callers. All share one budget.

#![expect(clippy::print_stdout, reason = "the report is what the bench is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ai_gateway::app::SystemClock;
use ai_gateway::domain::Secret;
use ai_gateway::domain::{
    AttemptId, Budget, BudgetWindow, CacheOutcome, Caller, Clock, Cost, Draw, Grant, Hold, Ledger,
    LedgerEntry, LimitScope, LimitStore, Measure, NanoUsd, Outcome, RequestId, Settlement,
    TokenUsage, Usage,
};
use ai_gateway::limit::LocalLimits;
use ai_gateway::stores::{LedgerQueue, PostgresSettings, PostgresStore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const FOR: Duration = Duration::from_secs(3);
const CAP: NanoUsd = NanoUsd::new(1 << 60);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    println!("| | callers | µs each | per second |\n|---|--:|--:|--:|");
    let local: Arc<dyn LimitStore> = Arc::new(LocalLimits::new(Arc::clone(&clock)));
    for callers in [1, 16] {
        measure("in process", &local, None, callers).await?;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "a bench has no configuration to read it"
    )]
    let url = std::env::var("TEST_DATABASE_URL");
    let Ok(url) = url else {
        println!("\nPostgres was not measured: TEST_DATABASE_URL is not set.");
        return Ok(());
    };
    let settings = PostgresSettings::new(Secret::new(url));
    let store = Arc::new(PostgresStore::open(&settings, clock).await?);
    let queue = Arc::new(LedgerQueue::new(Arc::clone(&store) as _));
    let stop = CancellationToken::new();
    let mut background = JoinSet::new();
    {
        let (queue, store, stop) = (Arc::clone(&queue), Arc::clone(&store), stop.clone());
        background.spawn(async move {
            let stopped = stop.clone();
            tokio::join!(queue.run(stop), stopped.run_until_cancelled(store.run()));
        });
    }
    let limits: Arc<dyn LimitStore> = store;
    for callers in [1, 16] {
        measure("Postgres", &limits, Some(&queue), callers).await?;
    }
    stop.cancel();
    background.join_all().await;
    queue.flush_now().await?;
    Ok(())
}

async fn measure(
    name: &str,
    limits: &Arc<dyn LimitStore>,
    ledger: Option<&Arc<LedgerQueue>>,
    callers: u32,
) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..callers {
        let (limits, ledger) = (Arc::clone(limits), ledger.cloned());
        tasks.spawn(async move {
            let caller = Caller::new(format!("caller-{number}"));
            let mut done = 0_u32;
            while start.elapsed() < FOR {
                let hold = hold(&caller);
                let grant = limits
                    .reserve(&hold)
                    .await
                    .map_err(|refused| refused.to_string())?;
                if let Some(ledger) = &ledger {
                    ledger.record(line(&hold, &grant));
                }
                limits.settle(Settlement {
                    budgets: Arc::clone(&grant.budgets),
                    hold,
                    tokens: 40,
                    cost: NanoUsd::new(400),
                    possible: NanoUsd::ZERO,
                });
                done += 1;
            }
            Ok::<u32, String>(done)
        });
    }
    let mut done = 0;
    for ended in tasks.join_all().await {
        done += ended?;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "| reserve and settle, {name} | {callers} | {:.1} | {:.0} |",
        seconds * 1e6 * f64::from(callers) / f64::from(done),
        f64::from(done) / seconds,
    );
    Ok(())
}

fn hold(caller: &Caller) -> Hold {
    let budget = |scope| Budget {
        scope,
        window: BudgetWindow::Day,
        cap: CAP,
    };
    Hold {
        id: AttemptId {
            request: RequestId::random(),
            attempt: 0,
        },
        caller: caller.clone(),
        draws: vec![Draw {
            scope: LimitScope::Caller(caller.clone()),
            measure: Measure::Tokens,
            per_minute: 1_000_000_000,
            burst: 1_000_000_000,
            amount: 100,
        }],
        budgets: vec![
            budget(LimitScope::Caller(caller.clone())),
            budget(LimitScope::Global),
        ],
        bound: NanoUsd::new(1_000),
        estimate: NanoUsd::new(500),
        lasts: Duration::from_secs(50),
    }
}

fn line(hold: &Hold, grant: &Grant) -> LedgerEntry {
    LedgerEntry {
        id: hold.id,
        started_at: SystemClock.now(),
        caller: hold.caller.clone(),
        group: None,
        target: None,
        outcome: Outcome::Answered,
        usage: Usage::reported(TokenUsage {
            input: 30,
            output: 10,
            ..TokenUsage::default()
        }),
        cost: Cost::Priced {
            amount: NanoUsd::new(400),
            is_incomplete: false,
        },
        possible_cost: NanoUsd::ZERO,
        latency: Duration::from_millis(1),
        cache: CacheOutcome::MISS,
        budgets: Arc::clone(&grant.budgets),
        call_latency: Some(Duration::from_millis(1)),
    }
}
