//! What a store answers and what it should, in a form that can be compared.

use std::collections::BTreeMap;
use std::time::Duration;

use ai_gateway::domain::{
    CacheStatus, Caller, ErrorKind, LedgerEntry, Outcome, UsageQuery, UsageSource, UsageSums,
};
use ai_gateway::stores::Store;
use jiff::Timestamp;

/// The figures of each model by its name, and of calls under `calls`.
pub(crate) type Figures = BTreeMap<String, Row>;

/// Everything that one row says but the quantiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Count, answered, failed, limited, hits, misses, unpriced, estimated.
    counts: [u64; 8],
    tokens: [u64; 6],
    /// Cost, possible cost, saved, in nano-dollars.
    money: [i64; 3],
    cost_extremes: Option<(i64, i64)>,
    latency_count: u64,
    latency_sum: Duration,
    latency_extremes: Option<(Duration, Duration)>,
}

impl Row {
    pub(crate) fn of(sums: &UsageSums) -> Self {
        let tokens = &sums.tokens;
        Self {
            counts: [
                sums.count,
                sums.answered,
                sums.failed,
                sums.limited,
                sums.hits,
                sums.misses,
                sums.unpriced,
                sums.estimated,
            ],
            tokens: tokens.classes(),
            money: [
                sums.cost.nanos(),
                sums.possible_cost.nanos(),
                sums.saved.nanos(),
            ],
            cost_extremes: sums
                .cost_extremes
                .map(|(least, most)| (least.nanos(), most.nanos())),
            latency_count: sums.latencies.count(),
            latency_sum: sums.latencies.sum(),
            latency_extremes: sums.latencies.extremes(),
        }
    }

    pub(crate) const fn count(&self) -> u64 {
        self.counts[0]
    }

    pub(crate) const fn cost(&self) -> i64 {
        self.money[0]
    }

    fn answer_took(&mut self, latency: Duration) {
        self.latency_count += 1;
        self.latency_sum += latency;
        let (least, most) = self.latency_extremes.unwrap_or((latency, latency));
        self.latency_extremes = Some((least.min(latency), most.max(latency)));
    }

    fn ended(&mut self, outcome: Outcome) {
        self.counts[0] += 1;
        self.counts[1] += u64::from(outcome == Outcome::Answered);
        self.counts[2] += u64::from(matches!(outcome, Outcome::Failed(_)));
    }
}

pub(crate) fn figures(sums: &[UsageSums]) -> Figures {
    let rows = sums.iter().map(|sums| {
        let name = sums.model.as_ref();
        let name = name.map_or_else(
            || "calls".to_owned(),
            |(provider, model)| format!("{provider}/{model}"),
        );
        (name, Row::of(sums))
    });
    rows.collect()
}

/// What a store says about a span of time.
pub(crate) async fn usage_of(
    store: &dyn Store,
    caller: Option<&str>,
    from: Timestamp,
    to: Timestamp,
) -> Figures {
    let query = UsageQuery {
        from,
        to,
        caller: caller.map(Caller::new),
    };
    figures(&store.usage(&query).await.unwrap())
}

/// What lines that began in `from..to` come to, one by one.
pub(crate) fn expected(
    lines: &[LedgerEntry],
    caller: Option<&str>,
    from: Timestamp,
    to: Timestamp,
) -> Figures {
    let mut figures = Figures::from([("calls".to_owned(), Row::default())]);
    for line in lines {
        if !(from..to).contains(&line.started_at)
            || caller.is_some_and(|caller| caller != line.caller.as_str())
        {
            continue;
        }
        if let Some(target) = &line.target {
            let name = format!("{}/{}", target.provider, target.model);
            attempt(figures.entry(name).or_default(), line);
        }
        if let Some(latency) = line.call_latency {
            call(figures.get_mut("calls").unwrap(), line, latency);
        }
    }
    figures
}

fn attempt(row: &mut Row, line: &LedgerEntry) {
    row.ended(line.outcome);
    let cost = line.cost.amount().map(|cost| cost.nanos());
    row.counts[6] += u64::from(cost.is_none());
    row.counts[7] += u64::from(line.usage.source == UsageSource::Estimated);
    let tokens = &line.usage.tokens;
    for (sum, tokens) in row.tokens.iter_mut().zip(tokens.classes()) {
        *sum += tokens;
    }
    row.money[0] += cost.unwrap_or(0);
    row.money[1] += line.possible_cost.nanos();
    if line.outcome == Outcome::Answered {
        row.answer_took(line.latency);
        if let Some(cost) = cost {
            let (least, most) = row.cost_extremes.unwrap_or((cost, cost));
            row.cost_extremes = Some((least.min(cost), most.max(cost)));
        }
    }
}

fn call(row: &mut Row, line: &LedgerEntry, latency: Duration) {
    row.ended(line.outcome);
    let is_limited = matches!(
        line.outcome,
        Outcome::Failed(ErrorKind::PolicyRateLimited | ErrorKind::PolicyBudgetExceeded)
    );
    row.counts[3] += u64::from(is_limited);
    row.counts[4] += u64::from(line.cache.is_hit());
    row.counts[5] += u64::from(line.cache.status == CacheStatus::Miss);
    row.money[2] += line.cache.saved.map_or(0, |saved| saved.nanos());
    if line.outcome == Outcome::Answered {
        row.answer_took(latency);
    }
}
