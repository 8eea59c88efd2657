//! An instance as a process has it, and what it asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ai_gateway::app::SystemClock;
use ai_gateway::domain::{
    AttemptId, Budget, BudgetWindow, CacheOutcome, Caller, Cost, Draw, Grant, Hold, Ledger as _,
    LedgerEntry, LimitRefusal, LimitScope, LimitStore as _, Measure, NanoUsd, Outcome, RequestId,
    Settlement, TokenUsage, Usage,
};
use ai_gateway::stores::{LedgerQueue, PostgresError, PostgresSettings, PostgresStore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Opens a store that sees the real time.
pub(crate) async fn open(settings: &PostgresSettings) -> Result<PostgresStore, PostgresError> {
    PostgresStore::open(settings, Arc::new(SystemClock)).await
}

/// A store with its background work, as one process has it.
pub(crate) struct Instance {
    pub(crate) store: Arc<PostgresStore>,
    pub(crate) ledger: Arc<LedgerQueue>,
    background: JoinSet<()>,
}

impl Instance {
    pub(crate) async fn start(settings: &PostgresSettings) -> Self {
        let store = Arc::new(open(settings).await.unwrap());
        let ledger = Arc::new(LedgerQueue::new(store.clone()));
        let mut background = JoinSet::new();
        let running = Arc::clone(&store);
        background.spawn(async move { running.run().await });
        let running = Arc::clone(&ledger);
        background.spawn(async move { running.run(CancellationToken::new()).await });
        Self {
            store,
            ledger,
            background,
        }
    }

    /// Ends the process as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.background.abort_all();
    }

    /// Sets `bound` aside, makes the attempt and books its cost, or says why
    /// not.
    pub(crate) async fn spend(
        &self,
        budgets: Vec<Budget>,
        bound: NanoUsd,
        cost: NanoUsd,
    ) -> Result<(), LimitRefusal> {
        let wanted = hold(budgets, bound);
        let grant = self.store.reserve(&wanted).await?;
        tokio::task::yield_now().await;
        self.ledger
            .record(line(&wanted, &grant, cost, NanoUsd::ZERO));
        self.store.settle(settlement(&wanted, &grant, 0, cost));
        Ok(())
    }
}

/// Waits until `condition` holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let holds = || {
        let condition = condition();
        async { condition.await.then_some(()) }
    };
    until(what, holds).await;
}

/// Waits until `attempt` brings something.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    attempt: impl Fn() -> F,
) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(brought) = attempt().await {
            return brought;
        }
        assert!(Instant::now() < end, "never: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn usd(cents: i64) -> NanoUsd {
    NanoUsd::new(cents * 10_000_000)
}

pub(crate) fn caller(name: &str) -> LimitScope {
    LimitScope::Caller(Caller::new(name))
}

/// An attempt of a call of its own.
pub(crate) fn fresh_id() -> AttemptId {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    AttemptId {
        request: RequestId::random(),
        attempt: COUNT.fetch_add(1, Ordering::Relaxed) % 4,
    }
}

/// A bucket of tokens that is full and refills within a minute.
pub(crate) fn tokens(scope: LimitScope, per_minute: u64, amount: u64) -> Draw {
    Draw {
        scope,
        measure: Measure::Tokens,
        per_minute,
        burst: per_minute,
        amount,
    }
}

pub(crate) fn calls(scope: LimitScope, per_minute: u64, burst: u64) -> Draw {
    Draw {
        scope,
        measure: Measure::Requests,
        per_minute,
        burst,
        amount: 1,
    }
}

pub(crate) fn budget(scope: LimitScope, cap: NanoUsd) -> Budget {
    Budget {
        scope,
        window: BudgetWindow::Total,
        cap,
    }
}

/// What an attempt of `alice` asks for, half of which it will probably cost.
pub(crate) fn hold(budgets: Vec<Budget>, bound: NanoUsd) -> Hold {
    Hold {
        id: fresh_id(),
        caller: Caller::new("alice"),
        draws: Vec::new(),
        budgets,
        bound,
        estimate: NanoUsd::new(bound.nanos() / 2),
        lasts: Duration::from_secs(30),
    }
}

/// The line that an attempt ends with.
pub(crate) fn line(hold: &Hold, grant: &Grant, cost: NanoUsd, possible: NanoUsd) -> LedgerEntry {
    LedgerEntry {
        id: hold.id,
        started_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        caller: hold.caller.clone(),
        group: None,
        target: None,
        outcome: Outcome::Answered,
        usage: Usage::reported(TokenUsage::default()),
        cost: Cost::Priced {
            amount: cost,
            is_incomplete: false,
        },
        possible_cost: possible,
        latency: Duration::from_millis(120),
        cache: CacheOutcome::BYPASS,
        budgets: Arc::clone(&grant.budgets),
        call_latency: Some(Duration::from_millis(125)),
    }
}

pub(crate) fn settlement(hold: &Hold, grant: &Grant, tokens: u64, cost: NanoUsd) -> Settlement {
    Settlement {
        hold: hold.clone(),
        budgets: Arc::clone(&grant.budgets),
        tokens,
        cost,
        possible: NanoUsd::ZERO,
    }
}
