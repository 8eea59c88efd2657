//! What the answer cache does, in numbers.

use prometheus::{Counter, Gauge, IntCounterVec, IntGauge, Opts, Registry};

use crate::domain::{CacheStatus, NanoUsd};

/// Metrics of the answer cache.
#[derive(Debug)]
pub struct CacheMetrics {
    lookups: IntCounterVec,
    saved_usd: Counter,
    judged: IntCounterVec,
    entries: IntGauge,
    bytes: IntGauge,
    unkept: IntGauge,
    semantic: IntGauge,
    wrong_low: Gauge,
    wrong_high: Gauge,
    wrong_sample: IntGauge,
}

/// How the cache is, as of now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CacheFigures {
    /// Answers at hand.
    pub entries: u64,
    /// About how many bytes they take.
    pub bytes: u64,
    /// Answers that were kept in memory alone because too many waited.
    pub unkept: u64,
    /// 0 off, 1 closed, 2 probation, 3 trusted.
    pub semantic: i64,
    /// One-sided 95 % bounds of the share of wrong semantic hits, 0 to 1.
    pub wrong: (f64, f64),
    /// The judged hits behind them.
    pub judged: usize,
}

impl CacheMetrics {
    /// Registers every metric.
    ///
    /// # Errors
    /// [`prometheus::Error`] if two of them have the same name.
    pub(super) fn try_new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counters = |name: &str, help: &str, label| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let number = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let share = |name: &str, help: &str| {
            let gauge = Gauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let saved_usd = Counter::new(
            "gateway_cache_saved_usd_total",
            "What stored answers would have cost, in US dollars.",
        )?;
        registry.register(Box::new(saved_usd.clone()))?;
        Ok(Self {
            lookups: counters(
                "gateway_cache_lookups_total",
                "Calls by the cache's part in them.",
                "status",
            )?,
            saved_usd,
            judged: counters(
                "gateway_cache_judged_total",
                "Pairs that a judge looked at.",
                "verdict",
            )?,
            entries: number("gateway_cache_entries", "Answers in memory.")?,
            bytes: number("gateway_cache_bytes", "About what they take, in bytes.")?,
            unkept: number(
                "gateway_cache_unkept",
                "Changes of stored answers that were dropped: too many waited, or the store failed.",
            )?,
            semantic: number(
                "gateway_cache_semantic_state",
                "The semantic tier: 0 off, 1 closed, 2 probation, 3 trusted.",
            )?,
            wrong_low: share(
                "gateway_cache_false_hit_estimate_low",
                "Lower 95 % bound of the share of wrong semantic hits.",
            )?,
            wrong_high: share(
                "gateway_cache_false_hit_estimate_high",
                "Upper 95 % bound of the share of wrong semantic hits.",
            )?,
            wrong_sample: number(
                "gateway_cache_false_hit_sample",
                "The judged semantic hits behind the estimate.",
            )?,
        })
    }

    /// Counts the cache's part in a call, and what it saved.
    pub fn looked_up(&self, status: CacheStatus, saved: Option<NanoUsd>) {
        self.lookups.with_label_values(&[status.as_str()]).inc();
        if let Some(saved) = saved {
            // A counter refuses to fall.
            self.saved_usd.inc_by(saved.usd().max(0.0));
        }
    }

    /// Counts a judge's verdict.
    pub fn judged(&self, fits: bool) {
        let verdict = if fits { "fits" } else { "wrong" };
        self.judged.with_label_values(&[verdict]).inc();
    }

    /// Says how the cache is.
    pub fn set(&self, figures: &CacheFigures) {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.entries.set(number(figures.entries));
        self.bytes.set(number(figures.bytes));
        self.unkept.set(number(figures.unkept));
        self.semantic.set(figures.semantic);
        self.wrong_low.set(figures.wrong.0);
        self.wrong_high.set(figures.wrong.1);
        self.wrong_sample.set(number(figures.judged as u64));
    }
}
