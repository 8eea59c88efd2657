//! What was used, from the ledger's sums.

use std::collections::BTreeMap;

use crate::domain::{Caller, Latencies, NanoUsd, TokenUsage, UsageSums};

/// What became of calls in a span of time.
#[derive(Clone, Debug, Default)]
pub struct UsageReport {
    /// Calls, however they ended; attempts where one provider is looked at.
    pub total: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that were not: refused, failed or left.
    pub failed: u64,
    /// Calls that a rate or a budget refused.
    pub limited: u64,
    /// Calls answered from the cache.
    pub hits: u64,
    /// Calls for which the cache was asked.
    pub lookups: u64,
    /// How long answers took.
    pub latencies: Latencies,
    /// What was spent.
    pub money: Money,
    /// Tokens by class.
    pub tokens: TokenUsage,
    /// The parts by provider, by name.
    pub providers: BTreeMap<String, Part>,
    /// The parts by model, by canonical name.
    pub models: BTreeMap<String, Part>,
    /// What each caller did, the dearest first, for those who see everybody.
    pub callers: Vec<(Caller, UsageSums)>,
}

/// Money in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    /// What is certain to be billed.
    pub spent: NanoUsd,
    /// What may be billed beyond that: attempts that timed out or were left.
    pub possible: NanoUsd,
    /// What hits in the cache would have cost.
    pub saved: NanoUsd,
    /// The least and the most that one answered attempt cost.
    pub extremes: Option<(NanoUsd, NanoUsd)>,
    /// Attempts whose price nobody knows, and which are in no sum.
    pub unpriced: u64,
}

/// What one provider or model did.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Attempts.
    pub attempts: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Tokens by class.
    pub tokens: TokenUsage,
    /// What was spent.
    pub money: Money,
    /// How long answers took.
    pub latencies: Latencies,
}

impl UsageReport {
    /// Makes the report of sums, of one provider alone if `provider` is
    /// given: what is then counted are attempts, for calls may go to several.
    pub fn new(sums: &[UsageSums], provider: Option<&str>) -> Self {
        let mut report = Self::default();
        for row in sums {
            match &row.model {
                None => report.add_calls(row),
                Some((served_by, model)) => {
                    if provider.is_some_and(|wanted| wanted != served_by.as_str()) {
                        continue;
                    }
                    let name = served_by.as_str().to_owned();
                    let canonical = format!("{served_by}/{model}");
                    report.providers.entry(name).or_default().add(row);
                    report.models.entry(canonical).or_default().add(row);
                    report.money.add(row);
                    add_tokens(&mut report.tokens, &row.tokens);
                }
            }
        }
        if let Some(wanted) = provider {
            report.narrow(wanted);
        }
        report
    }

    fn add_calls(&mut self, row: &UsageSums) {
        self.total += row.count;
        self.answered += row.answered;
        self.failed += row.count.saturating_sub(row.answered);
        self.limited += row.limited;
        self.hits += row.hits;
        self.lookups += row.hits + row.misses;
        self.money.saved = self.money.saved.saturating_add(row.saved);
        self.latencies.merge(&row.latencies);
    }

    /// Counts the attempts of one provider in place of calls.
    fn narrow(&mut self, provider: &str) {
        let part = self.providers.get(provider).cloned().unwrap_or_default();
        self.total = part.attempts;
        self.answered = part.answered;
        self.failed = part.attempts.saturating_sub(part.answered);
        self.limited = 0;
        self.hits = 0;
        self.lookups = 0;
        self.latencies = part.latencies;
        self.money = part.money;
    }
}

impl Part {
    fn add(&mut self, row: &UsageSums) {
        self.attempts += row.count;
        self.answered += row.answered;
        add_tokens(&mut self.tokens, &row.tokens);
        self.money.add(row);
        self.latencies.merge(&row.latencies);
    }
}

impl Money {
    fn add(&mut self, row: &UsageSums) {
        self.spent = self.spent.saturating_add(row.cost);
        self.possible = self.possible.saturating_add(row.possible_cost);
        self.unpriced += row.unpriced;
        self.extremes = match (self.extremes, row.cost_extremes) {
            (Some((least, most)), Some((low, high))) => Some((least.min(low), most.max(high))),
            (one, other) => one.or(other),
        };
    }
}

fn add_tokens(sum: &mut TokenUsage, more: &TokenUsage) {
    let pairs = [
        (&mut sum.input, more.input),
        (&mut sum.cache_read, more.cache_read),
        (&mut sum.cache_write_5m, more.cache_write_5m),
        (&mut sum.cache_write_1h, more.cache_write_1h),
        (&mut sum.output, more.output),
        (&mut sum.reasoning, more.reasoning),
    ];
    for (sum, more) in pairs {
        *sum = sum.saturating_add(more);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{ModelId, ProviderName};

    fn model(provider: &str, count: u64, answered: u64, cost: i64) -> UsageSums {
        let mut latencies = Latencies::default();
        (0..answered).for_each(|_| latencies.add(Duration::from_millis(100)));
        UsageSums {
            model: Some((ProviderName::new(provider), ModelId::new("m"))),
            count,
            answered,
            cost: NanoUsd::new(cost),
            cost_extremes: Some((NanoUsd::new(1), NanoUsd::new(cost))),
            latencies,
            ..UsageSums::default()
        }
    }

    #[test]
    fn calls_are_counted_once_and_money_by_attempt() {
        let calls = UsageSums {
            count: 10,
            answered: 8,
            limited: 1,
            hits: 2,
            misses: 6,
            saved: NanoUsd::new(7),
            ..UsageSums::default()
        };
        let sums = [calls, model("a", 5, 2, 30), model("b", 4, 4, 12)];

        let report = UsageReport::new(&sums, None);
        let of_a = UsageReport::new(&sums, Some("a"));

        assert_eq!((report.total, report.answered, report.failed), (10, 8, 2));
        assert_eq!((report.hits, report.lookups, report.limited), (2, 8, 1));
        assert_eq!(report.money.spent, NanoUsd::new(42));
        assert_eq!(report.money.saved, NanoUsd::new(7));
        assert_eq!(
            report.money.extremes,
            Some((NanoUsd::new(1), NanoUsd::new(30)))
        );
        assert_eq!(report.models["b/m"].attempts, 4);
        assert_eq!((of_a.total, of_a.answered, of_a.failed), (5, 2, 3));
        assert_eq!(of_a.money.spent, NanoUsd::new(30));
        assert_eq!(of_a.providers.len(), 1);
        assert_eq!(of_a.latencies.count(), 2);
    }
}
