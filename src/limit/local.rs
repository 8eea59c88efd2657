//! Limits within one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::bucket::{Bucket, Flow};
use super::requests::Requests;
use crate::domain::{
    Budget, BudgetPeriod, Clock, Draw, Grant, Hold, LimitRefusal, LimitScope, LimitStore, Measure,
    NanoUsd, Settlement,
};

/// The most buckets that are kept. One that is full is as good as a new one
/// and is dropped first.
const MAX_BUCKETS: usize = 20_000;

/// When to come again where attempts under way have taken what is lacking:
/// they last seconds (chosen).
const UNDER_WAY: Duration = Duration::from_secs(1);

/// Rates and budgets of one process, exact and without waiting.
///
/// Budgets are restored from the ledger at start; buckets begin full.
pub struct LocalLimits {
    clock: Arc<dyn Clock>,
    requests: Requests,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    buckets: HashMap<(LimitScope, Measure), (Bucket, Flow)>,
    /// What attempts under way have taken of buckets.
    held: HashMap<(LimitScope, Measure), u64>,
    periods: HashMap<BudgetPeriod, Sums>,
}

/// What became of a budget's money in one period.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// Spent, and perhaps spent.
    spent: NanoUsd,
    held: NanoUsd,
}

impl Sums {
    const fn left(self, cap: NanoUsd) -> NanoUsd {
        let used = self.spent.saturating_add(self.held);
        NanoUsd::new(cap.nanos().saturating_sub(used.nanos()))
    }
}

impl LocalLimits {
    /// Makes a store in which nothing is used yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            requests: Requests::default(),
            state: Mutex::default(),
        }
    }

    /// Adds what the ledger says was spent before.
    pub fn restore(&self, spent: impl IntoIterator<Item = (BudgetPeriod, NanoUsd)>) {
        let mut state = self.state();
        for (period, amount) in spent {
            let sums = state.periods.entry(period).or_default();
            sums.spent = sums.spent.saturating_add(amount);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn period(&self, budget: &Budget) -> BudgetPeriod {
        BudgetPeriod {
            scope: budget.scope.clone(),
            window: budget.window,
            start: budget.window.start(self.clock.now()),
        }
    }

    /// Tells when the period that is running ends.
    fn ends_after(&self, budget: &Budget) -> Option<Duration> {
        let now = self.clock.now();
        let end = budget.window.end(now)?;
        Duration::try_from(end.duration_since(now)).ok()
    }
}

#[async_trait]
impl LimitStore for LocalLimits {
    async fn take(&self, draws: &[Draw]) -> Result<Option<u64>, LimitRefusal> {
        // Those of single callers cannot be given back, so they come last.
        let (own, shared): (Vec<&Draw>, Vec<&Draw>) =
            draws.iter().partition(|draw| is_callers_requests(draw));
        let mut left = self.state().draw(&shared)?;
        for draw in own {
            match self.requests.take(draw) {
                Ok(rest) => left = Some(left.map_or(rest, |left| left.min(rest))),
                Err(retry_after) => {
                    self.state().give(&shared);
                    return Err(refused(draw, retry_after));
                }
            }
        }
        Ok(left)
    }

    async fn reserve(&self, hold: &Hold) -> Result<Grant, LimitRefusal> {
        let periods: Arc<[BudgetPeriod]> = hold
            .budgets
            .iter()
            .map(|budget| self.period(budget))
            .collect();
        let mut state = self.state();
        state.forget_past(&periods);
        let lacking =
            hold.budgets
                .iter()
                .zip(periods.iter())
                .rev()
                .filter_map(|(budget, period)| {
                    let sums = state.periods.get(period).copied().unwrap_or_default();
                    (sums.left(budget.cap) < hold.bound).then_some((budget, sums))
                });
        // The one that lasts longest is the one to wait for.
        let longest = lacking.max_by_key(|(budget, _)| {
            let ends = self.ends_after(budget);
            (ends.is_none(), ends)
        });
        if let Some((budget, sums)) = longest {
            return Err(LimitRefusal::Budget {
                scope: budget.scope.clone(),
                window: budget.window,
                cap: budget.cap,
                left: sums.left(budget.cap),
                held: sums.held,
                ends_after: self.ends_after(budget),
            });
        }
        let draws: Vec<&Draw> = hold.draws.iter().collect();
        let tokens_left = state.draw(&draws)?;
        for draw in draws {
            let held = state.held.entry(key(draw)).or_default();
            *held = held.saturating_add(draw.amount);
        }
        let budgets = hold.budgets.iter().zip(periods.iter());
        let budgets_left = budgets.map(|(budget, period)| {
            let sums = state.periods.entry(period.clone()).or_default();
            sums.held = sums.held.saturating_add(hold.bound);
            sums.left(budget.cap)
        });
        let budgets_left = budgets_left.collect();
        Ok(Grant {
            budgets: periods,
            budgets_left,
            tokens_left,
        })
    }

    fn settle(&self, settlement: Settlement) {
        let mut state = self.state();
        for draw in &settlement.hold.draws {
            state.correct(draw, settlement.tokens);
        }
        let used = settlement.cost.saturating_add(settlement.possible);
        for period in settlement.budgets.iter() {
            let sums = state.periods.entry(period.clone()).or_default();
            let held = sums
                .held
                .nanos()
                .saturating_sub(settlement.hold.bound.nanos());
            sums.held = NanoUsd::new(held.max(0));
            sums.spent = sums.spent.saturating_add(used);
        }
    }
}

const fn is_callers_requests(draw: &Draw) -> bool {
    matches!(
        (&draw.scope, draw.measure),
        (LimitScope::Caller(_), Measure::Requests)
    )
}

fn refused(draw: &Draw, retry_after: Duration) -> LimitRefusal {
    LimitRefusal::Rate {
        scope: draw.scope.clone(),
        measure: draw.measure,
        per_minute: draw.per_minute,
        retry_after,
    }
}

impl State {
    /// Takes all or nothing, and returns what the emptiest bucket has left.
    fn draw(&mut self, draws: &[&Draw]) -> Result<Option<u64>, LimitRefusal> {
        let now = Instant::now();
        // The slowest of all that hold too little is the one to wait for.
        let mut slowest: Option<(&Draw, Duration)> = None;
        for draw in draws {
            let mut wait = self.bucket(draw, now).wait(draw.amount, flow(draw));
            if !wait.is_zero() && self.may_come_back(draw) {
                wait = wait.min(UNDER_WAY);
            }
            if wait > slowest.map_or(Duration::ZERO, |(_, longest)| longest) {
                slowest = Some((draw, wait));
            }
        }
        if let Some((draw, wait)) = slowest {
            return Err(refused(draw, wait));
        }
        let left = draws.iter().map(|draw| {
            let bucket = self.bucket(draw, now);
            bucket.take(draw.amount);
            bucket.left()
        });
        Ok(left.min())
    }

    /// Tells whether what attempts under way may give back is enough.
    fn may_come_back(&self, draw: &Draw) -> bool {
        let held = self.held.get(&key(draw)).copied().unwrap_or(0);
        let bucket = self.buckets.get(&key(draw));
        bucket.is_some_and(|(bucket, _)| bucket.left().saturating_add(held) >= draw.amount)
    }

    fn give(&mut self, draws: &[&Draw]) {
        for draw in draws {
            if let Some((bucket, _)) = self.buckets.get_mut(&key(draw)) {
                bucket.give(draw.amount);
            }
        }
    }

    /// Replaces what was taken by what was used.
    fn correct(&mut self, draw: &Draw, used: u64) {
        if let Some(held) = self.held.get_mut(&key(draw)) {
            *held = held.saturating_sub(draw.amount);
            if *held == 0 {
                self.held.remove(&key(draw));
            }
        }
        let Some((bucket, _)) = self.buckets.get_mut(&key(draw)) else {
            return;
        };
        match used.checked_sub(draw.amount) {
            Some(more) => bucket.take(more),
            None => bucket.give(draw.amount - used),
        }
    }

    fn bucket(&mut self, draw: &Draw, now: Instant) -> &mut Bucket {
        let (key, flow) = (key(draw), flow(draw));
        if self.buckets.len() >= MAX_BUCKETS && !self.buckets.contains_key(&key) {
            self.buckets.retain(|_, (bucket, flow)| {
                bucket.fill(*flow, now);
                !bucket.is_full(*flow)
            });
        }
        let fresh = || (Bucket::full(flow, now), flow);
        let (bucket, known) = self.buckets.entry(key).or_insert_with(fresh);
        *known = flow;
        bucket.fill(flow, now);
        bucket
    }

    /// Forgets periods that are over and in which nothing is under way.
    fn forget_past(&mut self, current: &[BudgetPeriod]) {
        for period in current {
            if self.periods.contains_key(period) {
                continue;
            }
            self.periods.retain(|known, sums| {
                let is_same = known.scope == period.scope && known.window == period.window;
                !is_same || known.start >= period.start || sums.held > NanoUsd::ZERO
            });
        }
    }
}

fn key(draw: &Draw) -> (LimitScope, Measure) {
    (draw.scope.clone(), draw.measure)
}

const fn flow(draw: &Draw) -> Flow {
    Flow {
        per_minute: draw.per_minute,
        burst: draw.burst,
    }
}
