//! Rates and budgets, exact over all instances: one round trip each.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::PostgresStore;
use super::fault::Fault;
use super::give_back::Unknown;
use super::moment::Moment;
use super::pool::QUEUE;
use super::words::{bounded, span, uuid};
use crate::domain::{
    Budget, BudgetPeriod, Draw, Grant, Hold, LimitRefusal, LimitStore, Measure, NanoUsd, Settlement,
};

/// Buckets count in millionths, so that what flows in between two draws is
/// not lost.
const UNIT: i64 = 1_000_000;

#[async_trait]
impl LimitStore for PostgresStore {
    async fn take(&self, draws: &[Draw]) -> Result<Option<u64>, LimitRefusal> {
        if draws.is_empty() {
            return Ok(None);
        }
        let verdict = self.ask(draws, None).await?;
        verdict.judge_draws(draws)?;
        Ok(verdict.least_level())
    }

    async fn reserve(&self, hold: &Hold) -> Result<Grant, LimitRefusal> {
        if hold.draws.is_empty() && hold.budgets.is_empty() {
            return Ok(Grant::default());
        }
        let verdict = self.ask(&hold.draws, Some(hold)).await?;
        verdict.judge_draws(&hold.draws)?;
        verdict.judge_budgets(hold)?;
        Ok(Grant {
            budgets: verdict.periods(&hold.budgets),
            budgets_left: verdict.free.iter().copied().map(NanoUsd::new).collect(),
            tokens_left: verdict.least_level(),
        })
    }

    fn settle(&self, settlement: Settlement) {
        self.give_back.settle(settlement);
    }

    fn instances(&self) -> u32 {
        self.known_instances()
    }
}

/// What the server says to a reservation.
#[derive(Debug)]
struct Verdict {
    code: i32,
    levels: Vec<i64>,
    at: Moment,
    starts: Vec<Moment>,
    free: Vec<i64>,
    holds: Vec<i64>,
}

type Row = (
    i32,
    Option<Vec<i64>>,
    Moment,
    Option<Vec<Moment>>,
    Option<Vec<i64>>,
    Option<Vec<i64>>,
);

impl PostgresStore {
    /// Takes from buckets and, for a hold, from budgets. Two that lock the
    /// same rows while one of them is new can block each other, and then one
    /// of them tries again in what time is left.
    async fn ask(&self, draws: &[Draw], hold: Option<&Hold>) -> Result<Verdict, LimitRefusal> {
        let until = Instant::now() + QUEUE;
        loop {
            match self.ask_once(draws, hold, until).await {
                Err(Fault::Busy(_)) if Instant::now() < until => {}
                outcome => return outcome.map_err(LimitRefusal::from),
            }
        }
    }

    async fn ask_once(
        &self,
        draws: &[Draw],
        hold: Option<&Hold>,
        until: Instant,
    ) -> Result<Verdict, Fault> {
        let mut lease = self.pool.lease_in_turn(until).await?;
        // From here on nobody knows what is set aside until the server says.
        let unknown = hold.map(|hold| Unknown::new(&self.give_back, hold));
        let buckets = Buckets::of(draws);
        let budgets = hold.map_or(&[] as &[Budget], |hold| &hold.budgets);
        let scopes: Vec<String> = budgets.iter().map(|b| b.scope.to_string()).collect();
        let spans: Vec<i16> = budgets.iter().map(|budget| span(budget.window)).collect();
        let caps: Vec<i64> = budgets.iter().map(|budget| budget.cap.nanos()).collect();
        let query = sqlx::query_as::<_, Row>(
            "select verdict, levels, at, starts, free, holds \
             from gateway_reserve($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
             $14 * interval '1 microsecond')",
        )
        .bind(&buckets.scopes)
        .bind(&buckets.measures)
        .bind(&buckets.rates)
        .bind(&buckets.bursts)
        .bind(&buckets.amounts)
        .bind(&scopes)
        .bind(&spans)
        .bind(&caps)
        .bind(hold.map(|hold| uuid(hold.id)))
        .bind(hold.map(|hold| hold.id.attempt.cast_signed()))
        .bind(hold.map(|hold| hold.caller.as_str()))
        .bind(hold.map(|hold| hold.bound.nanos()))
        .bind(hold.map(|hold| hold.estimate.nanos()))
        .bind(hold.map(|hold| bounded(hold.lasts.as_micros())));
        let answer = query.fetch_one(&mut lease.connection);
        let outcome = self.pool.wait_for(answer, until).await;
        let outcome = lease.end(outcome);
        if let Some(unknown) = unknown {
            unknown.known_by(&outcome);
        }
        let (code, levels, at, starts, free, holds) = outcome?;
        Ok(Verdict {
            code,
            levels: levels.unwrap_or_default(),
            at,
            starts: starts.unwrap_or_default(),
            free: free.unwrap_or_default(),
            holds: holds.unwrap_or_default(),
        })
    }
}

impl Verdict {
    /// # Errors
    /// [`LimitRefusal::Rate`] if a draw was refused.
    fn judge_draws(&self, draws: &[Draw]) -> Result<(), LimitRefusal> {
        let Some(index) = usize::try_from(self.code)
            .ok()
            .and_then(|n| n.checked_sub(1))
        else {
            return Ok(());
        };
        let Some(draw) = draws.get(index) else {
            return Ok(());
        };
        // The slowest of all that hold too little is the one to wait for.
        let waits = draws.iter().zip(&self.levels).map(|(draw, level)| {
            let needed = i128::from(bounded(draw.amount)) * i128::from(UNIT);
            let rate = i128::from(bounded(draw.per_minute.max(1)));
            // What flows in is rounded down, so the wait is rounded up.
            ((needed - i128::from(*level)) * 60 + rate - 1) / rate
        });
        let wait_us = waits.fold(0, i128::max);
        Err(LimitRefusal::Rate {
            scope: draw.scope.clone(),
            measure: draw.measure,
            per_minute: draw.per_minute,
            retry_after: Duration::from_micros(u64::try_from(wait_us.max(1)).unwrap_or(u64::MAX)),
        })
    }

    /// # Errors
    /// [`LimitRefusal::Budget`] if a budget was refused.
    fn judge_budgets(&self, hold: &Hold) -> Result<(), LimitRefusal> {
        let index = self
            .code
            .checked_neg()
            .and_then(|n| usize::try_from(n).ok());
        let Some(index) = index.and_then(|n| n.checked_sub(1)) else {
            return Ok(());
        };
        // Of all that have too little, the one that lasts longest is the one
        // to wait for.
        let lacks = |place: &usize| {
            self.free
                .get(*place)
                .is_some_and(|it| *it < hold.bound.nanos())
        };
        let lasting = |place: &usize| {
            let end = hold
                .budgets
                .get(*place)
                .and_then(|it| it.window.end(self.at.0));
            (end.is_none(), end)
        };
        let lacking = (0..hold.budgets.len()).rev().filter(lacks);
        let index = lacking.max_by_key(lasting).unwrap_or(index);
        let Some(budget) = hold.budgets.get(index) else {
            return Ok(());
        };
        let amount = |amounts: &[i64]| NanoUsd::new(amounts.get(index).copied().unwrap_or(0));
        Err(LimitRefusal::Budget {
            scope: budget.scope.clone(),
            window: budget.window,
            cap: budget.cap,
            left: amount(&self.free),
            held: amount(&self.holds),
            ends_after: budget.window.end(self.at.0).map(|end| self.at.until(end)),
        })
    }

    fn periods(&self, budgets: &[Budget]) -> Arc<[BudgetPeriod]> {
        let of = |(budget, start): (&Budget, &Moment)| BudgetPeriod {
            scope: budget.scope.clone(),
            window: budget.window,
            start: start.0,
        };
        budgets.iter().zip(&self.starts).map(of).collect()
    }

    /// Returns what the emptiest bucket has left.
    fn least_level(&self) -> Option<u64> {
        let least = self.levels.iter().min()?;
        Some(u64::try_from(least / UNIT).unwrap_or(0))
    }
}

/// Draws, column by column.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    pub(super) scopes: Vec<String>,
    pub(super) measures: Vec<i16>,
    pub(super) rates: Vec<i64>,
    pub(super) bursts: Vec<i64>,
    pub(super) amounts: Vec<i64>,
}

impl Buckets {
    fn of(draws: &[Draw]) -> Self {
        let mut buckets = Self::default();
        for draw in draws {
            buckets.push(draw, bounded(draw.amount));
        }
        buckets
    }

    /// Adds a draw of another amount.
    pub(super) fn push(&mut self, draw: &Draw, amount: i64) {
        self.scopes.push(draw.scope.to_string());
        self.measures.push(match draw.measure {
            Measure::Requests => 0,
            Measure::Tokens => 1,
        });
        self.rates.push(bounded(draw.per_minute));
        self.bursts.push(bounded(draw.burst));
        self.amounts.push(amount);
    }
}
