//! Ledger lines and their money, column by column.

use std::collections::HashMap;
use std::fmt::Write as _;

use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::{Query, QueryAs};
use uuid::Uuid;

use super::moment::Moment;
use super::words::{PeriodKey, microseconds, period_key, uuid};
use crate::domain::{CacheStatus, Cost, LedgerEntry, NanoUsd, UsageSource};
use crate::stores::codec::{int, nanos, outcome_name};

/// What `lines.sql` takes, one element a line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    requests: Vec<Uuid>,
    attempts: Vec<i32>,
    started: Vec<Moment>,
    callers: Vec<String>,
    groups: Vec<Option<String>>,
    providers: Vec<Option<String>>,
    models: Vec<Option<String>>,
    efforts: Vec<Option<&'static str>>,
    outcomes: Vec<&'static str>,
    tokens: [Vec<i64>; 6],
    usage_states: Vec<i16>,
    costs: Vec<Option<i64>>,
    incomplete: Vec<bool>,
    possible: Vec<i64>,
    latencies: Vec<i64>,
    caches: Vec<&'static str>,
    similarities: Vec<Option<f32>>,
    confidences: Vec<Option<f32>>,
    ages: Vec<Option<i64>>,
    saved: Vec<Option<i64>>,
    call_latencies: Vec<Option<i64>>,
    budgets: Vec<String>,
}

impl Lines {
    /// Writes lines down, with the ids that their budgets have.
    pub(super) fn new<'a>(
        entries: impl IntoIterator<Item = &'a LedgerEntry>,
        ids: &HashMap<PeriodKey, i64>,
    ) -> Self {
        let mut lines = Self::default();
        for entry in entries {
            lines.push_call(entry);
            lines.push_usage(entry);
            lines.push_cache(entry);
            lines.budgets.push(array(entry, ids));
        }
        lines
    }

    fn push_call(&mut self, entry: &LedgerEntry) {
        let target = entry.target.as_ref();
        self.requests.push(uuid(entry.id));
        self.attempts.push(entry.id.attempt.cast_signed());
        self.started.push(Moment(entry.started_at));
        self.callers.push(entry.caller.to_string());
        self.groups.push(entry.group.as_deref().map(str::to_owned));
        self.providers
            .push(target.map(|target| target.provider.to_string()));
        self.models
            .push(target.map(|target| target.model.to_string()));
        let effort = target.and_then(|target| target.effort);
        self.efforts.push(effort.map(|effort| effort.as_str()));
        self.outcomes.push(outcome_name(entry.outcome));
        self.latencies.push(nanos(entry.latency));
        self.call_latencies.push(entry.call_latency.map(nanos));
    }

    fn push_usage(&mut self, entry: &LedgerEntry) {
        let classes = entry.usage.tokens.classes();
        for (column, count) in self.tokens.iter_mut().zip(classes) {
            column.push(int(count));
        }
        let is_estimated = entry.usage.source == UsageSource::Estimated;
        let is_inconsistent = entry.usage.is_inconsistent;
        self.usage_states
            .push(i16::from(is_estimated) + 2 * i16::from(is_inconsistent));
        self.costs.push(entry.cost.amount().map(NanoUsd::nanos));
        let is_incomplete = matches!(
            entry.cost,
            Cost::Priced {
                is_incomplete: true,
                ..
            }
        );
        self.incomplete.push(is_incomplete);
        self.possible.push(entry.possible_cost.nanos());
    }

    fn push_cache(&mut self, entry: &LedgerEntry) {
        let (name, figures) = match entry.cache.status {
            CacheStatus::Exact => ("exact", None),
            CacheStatus::Semantic {
                similarity,
                confidence,
            } => ("semantic", Some((similarity, confidence))),
            CacheStatus::Miss => ("miss", None),
            CacheStatus::Bypass => ("bypass", None),
        };
        self.caches.push(name);
        self.similarities
            .push(figures.map(|(similarity, _)| similarity));
        self.confidences
            .push(figures.map(|(_, confidence)| confidence));
        self.ages.push(entry.cache.age.map(microseconds));
        self.saved.push(entry.cache.saved.map(NanoUsd::nanos));
    }

    /// Binds the columns to `lines.sql`.
    pub(super) fn bind<'q, O>(
        &'q self,
        query: QueryAs<'q, Postgres, O, PgArguments>,
    ) -> QueryAs<'q, Postgres, O, PgArguments> {
        let mut query = query
            .bind(&self.requests)
            .bind(&self.attempts)
            .bind(&self.started)
            .bind(&self.callers)
            .bind(&self.groups)
            .bind(&self.providers)
            .bind(&self.models)
            .bind(&self.efforts)
            .bind(&self.outcomes);
        for column in &self.tokens {
            query = query.bind(column);
        }
        query
            .bind(&self.usage_states)
            .bind(&self.costs)
            .bind(&self.incomplete)
            .bind(&self.possible)
            .bind(&self.latencies)
            .bind(&self.caches)
            .bind(&self.similarities)
            .bind(&self.confidences)
            .bind(&self.ages)
            .bind(&self.saved)
            .bind(&self.call_latencies)
            .bind(&self.budgets)
    }
}

/// What `money.sql` takes, one element a line.
#[derive(Debug, Default)]
pub(super) struct Money {
    requests: Vec<Uuid>,
    attempts: Vec<i32>,
    spent: Vec<i64>,
    possible: Vec<i64>,
    budgets: Vec<String>,
}

impl Money {
    /// Adds a line, with cost and possible cost that were booked in its place
    /// before.
    pub(super) fn push(
        &mut self,
        entry: &LedgerEntry,
        (old_cost, old_possible): (i64, i64),
        ids: &HashMap<PeriodKey, i64>,
    ) {
        let cost = entry.cost.amount().unwrap_or_default().nanos();
        let possible = entry.possible_cost.nanos();
        self.requests.push(uuid(entry.id));
        self.attempts.push(entry.id.attempt.cast_signed());
        self.spent.push(cost.saturating_sub(old_cost));
        self.possible.push(possible.saturating_sub(old_possible));
        self.budgets.push(array(entry, ids));
    }

    /// Tells whether there is nothing to book.
    pub(super) const fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Binds the columns to `money.sql`.
    pub(super) fn bind<'q>(
        &'q self,
        query: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments> {
        query
            .bind(&self.requests)
            .bind(&self.attempts)
            .bind(&self.spent)
            .bind(&self.possible)
            .bind(&self.budgets)
    }
}

/// Writes the ids of a line's budgets as an array of the server: an array of
/// arrays would need all of them to be of one length.
fn array(entry: &LedgerEntry, ids: &HashMap<PeriodKey, i64>) -> String {
    let mut text = String::from("{");
    let known = entry
        .budgets
        .iter()
        .filter_map(|period| ids.get(&period_key(period)));
    for (index, id) in known.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{id}");
    }
    text.push('}');
    text
}
