//! Ledger lines added up: what reports read in place of the ledger.

use std::collections::HashMap;

use crate::domain::{
    CacheStatus, Caller, ErrorKind, LedgerEntry, ModelId, NanoUsd, Outcome, ProviderName,
    TokenUsage, UsageSource, UsageSums,
};

/// How long a row's span of time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// Kept for two days.
    Minute,
    /// Kept for forty days.
    Hour,
    /// A day of UTC, kept for ever.
    Day,
}

impl Grain {
    /// Every grain, the finest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Returns how long it is, in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// Returns the number that stands for it in a table.
    pub const fn number(self) -> i16 {
        match self {
            Self::Minute => 0,
            Self::Hour => 1,
            Self::Day => 2,
        }
    }

    /// Returns when the span around `second` begins, both in seconds since
    /// the epoch.
    pub const fn start(self, second: i64) -> i64 {
        second.saturating_sub(second.rem_euclid(self.seconds()))
    }
}

/// What a row adds up. Rows that are locked in the order of their keys cannot
/// wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RollUpKey {
    /// Whose; `None` for everybody together, which is the operator's view.
    pub caller: Option<Caller>,
    /// How long its span is.
    pub grain: Grain,
    /// When its span begins, in seconds since the epoch.
    pub start: i64,
    /// The model that was asked; `None` for the row of the calls.
    pub model: Option<(ProviderName, ModelId)>,
}

impl RollUpKey {
    /// Returns the caller's name in a table; empty for everybody.
    pub fn caller_column(&self) -> &str {
        self.caller.as_ref().map_or("", Caller::as_str)
    }

    /// Returns the names of provider and model in a table; both empty for
    /// calls.
    pub fn model_columns(&self) -> (&str, &str) {
        self.model.as_ref().map_or(("", ""), |(provider, model)| {
            (provider.as_str(), model.as_str())
        })
    }
}

/// Sums of entries, per minute, caller and model. Adding an entry takes well
/// below a microsecond.
#[derive(Clone, Debug, Default)]
pub struct RollUps {
    rows: HashMap<Cell, UsageSums>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Cell {
    start: i64,
    caller: Caller,
    model: Option<(ProviderName, ModelId)>,
}

impl RollUps {
    /// Adds up entries.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a LedgerEntry>) -> Self {
        let mut sums = Self::default();
        for entry in entries {
            sums.add(entry);
        }
        sums
    }

    /// Adds one entry: to the row of its model if one was asked, and to the
    /// row of the calls if it ends its call.
    pub fn add(&mut self, entry: &LedgerEntry) {
        if let Some(target) = &entry.target {
            let model = (target.provider.clone(), target.model.clone());
            add_attempt(self.row(entry, Some(model)), entry);
        }
        if entry.ends_call() {
            add_call(self.row(entry, None), entry);
        }
    }

    fn row(
        &mut self,
        entry: &LedgerEntry,
        model: Option<(ProviderName, ModelId)>,
    ) -> &mut UsageSums {
        let cell = Cell {
            start: Grain::Minute.start(entry.started_at.as_second()),
            caller: entry.caller.clone(),
            model,
        };
        self.rows.entry(cell).or_insert_with_key(|cell| UsageSums {
            model: cell.model.clone(),
            ..UsageSums::default()
        })
    }

    /// Adds sums of a caller's minute.
    pub fn add_sums(&mut self, key: RollUpKey, sums: &UsageSums) {
        if let Some(caller) = key.caller {
            let cell = Cell {
                start: key.start,
                caller,
                model: key.model,
            };
            absorb(self.rows.entry(cell).or_default(), sums);
        }
    }

    /// Tells whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns how many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Moves what was added to the first minute of its hour or day, which
    /// makes fewer rows of the same sums.
    pub fn coarsen(&mut self, grain: Grain) {
        let fine = std::mem::take(&mut self.rows);
        for (mut cell, sums) in fine {
            cell.start = grain.start(cell.start);
            absorb(self.rows.entry(cell).or_default(), &sums);
        }
    }

    /// Returns the rows to add to the tables of all grains, for each caller
    /// and for everybody, in the order of their keys.
    pub fn rows(&self) -> Vec<(RollUpKey, UsageSums)> {
        let mut rows: HashMap<RollUpKey, UsageSums> = HashMap::with_capacity(6 * self.rows.len());
        for (cell, sums) in &self.rows {
            for grain in Grain::ALL {
                for caller in [Some(&cell.caller), None] {
                    // A nameless caller would be counted twice, for its rows
                    // would be those of everybody.
                    if caller.is_some_and(|caller| caller.as_str().is_empty()) {
                        continue;
                    }
                    let key = RollUpKey {
                        caller: caller.cloned(),
                        grain,
                        start: grain.start(cell.start),
                        model: cell.model.clone(),
                    };
                    absorb(rows.entry(key).or_default(), sums);
                }
            }
        }
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        rows
    }

    /// Returns the rows per minute and caller alone.
    pub fn minutes(&self) -> impl Iterator<Item = (RollUpKey, &UsageSums)> {
        self.rows.iter().map(|(cell, sums)| {
            let key = RollUpKey {
                caller: Some(cell.caller.clone()),
                grain: Grain::Minute,
                start: cell.start,
                model: cell.model.clone(),
            };
            (key, sums)
        })
    }
}

fn add_call(sums: &mut UsageSums, entry: &LedgerEntry) {
    add_outcome(sums, entry.outcome);
    let is_limited = matches!(
        entry.outcome,
        Outcome::Failed(ErrorKind::PolicyRateLimited | ErrorKind::PolicyBudgetExceeded)
    );
    sums.limited += u64::from(is_limited);
    sums.hits += u64::from(entry.cache.is_hit());
    sums.misses += u64::from(entry.cache.status == CacheStatus::Miss);
    sums.saved = sums
        .saved
        .saturating_add(entry.cache.saved.unwrap_or_default());
    if let (Outcome::Answered, Some(latency)) = (entry.outcome, entry.call_latency) {
        sums.latencies.add(latency);
    }
}

fn add_attempt(sums: &mut UsageSums, entry: &LedgerEntry) {
    add_outcome(sums, entry.outcome);
    add_tokens(&mut sums.tokens, &entry.usage.tokens);
    let cost = entry.cost.amount();
    sums.cost = sums.cost.saturating_add(cost.unwrap_or_default());
    sums.possible_cost = sums.possible_cost.saturating_add(entry.possible_cost);
    sums.unpriced += u64::from(cost.is_none());
    sums.estimated += u64::from(entry.usage.source == UsageSource::Estimated);
    if entry.outcome == Outcome::Answered {
        sums.latencies.add(entry.latency);
        sums.cost_extremes = widest(sums.cost_extremes, cost.map(|cost| (cost, cost)));
    }
}

fn add_outcome(sums: &mut UsageSums, outcome: Outcome) {
    sums.count += 1;
    match outcome {
        Outcome::Answered => sums.answered += 1,
        Outcome::Failed(_) => sums.failed += 1,
        Outcome::Abandoned => {}
    }
}

fn add_tokens(sum: &mut TokenUsage, tokens: &TokenUsage) {
    sum.input = sum.input.saturating_add(tokens.input);
    sum.cache_read = sum.cache_read.saturating_add(tokens.cache_read);
    sum.cache_write_5m = sum.cache_write_5m.saturating_add(tokens.cache_write_5m);
    sum.cache_write_1h = sum.cache_write_1h.saturating_add(tokens.cache_write_1h);
    sum.output = sum.output.saturating_add(tokens.output);
    sum.reasoning = sum.reasoning.saturating_add(tokens.reasoning);
}

type Extremes = Option<(NanoUsd, NanoUsd)>;

fn widest(one: Extremes, other: Extremes) -> Extremes {
    match (one, other) {
        (Some((least, most)), Some((lower, higher))) => Some((least.min(lower), most.max(higher))),
        (one, other) => one.or(other),
    }
}

/// Adds sums to others of the same model; money saturates, all else is exact.
pub fn absorb(sums: &mut UsageSums, other: &UsageSums) {
    if sums.model.is_none() {
        sums.model.clone_from(&other.model);
    }
    sums.count = sums.count.saturating_add(other.count);
    sums.answered = sums.answered.saturating_add(other.answered);
    sums.failed = sums.failed.saturating_add(other.failed);
    sums.limited = sums.limited.saturating_add(other.limited);
    sums.hits = sums.hits.saturating_add(other.hits);
    sums.misses = sums.misses.saturating_add(other.misses);
    add_tokens(&mut sums.tokens, &other.tokens);
    sums.cost = sums.cost.saturating_add(other.cost);
    sums.possible_cost = sums.possible_cost.saturating_add(other.possible_cost);
    sums.cost_extremes = widest(sums.cost_extremes, other.cost_extremes);
    sums.saved = sums.saved.saturating_add(other.saved);
    sums.unpriced = sums.unpriced.saturating_add(other.unpriced);
    sums.estimated = sums.estimated.saturating_add(other.estimated);
    sums.latencies.merge(&other.latencies);
}
