//! Prometheus metrics, typed so that a label cannot take a free value.

use std::time::Duration;

use prometheus::{
    Counter, CounterVec, Encoder, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

use super::cache_metrics::CacheMetrics;
use super::reliability_metrics::ReliabilityMetrics;
use crate::domain::{
    AttemptOutcome, AuthRefusal, Cost, ErrorKind, NanoUsd, StoreState, Target, Usage,
};

/// Upper bounds of the latency buckets in seconds: from an answer out of the
/// cache to the longest deadline.
const LATENCY_SECONDS: [f64; 14] = [
    0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0,
];

/// Upper bounds of the speed buckets: from a model that thinks aloud to Groq.
const TOKENS_PER_SECOND: [f64; 10] = [
    5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 200.0, 400.0, 800.0, 1_600.0,
];

/// How a call ended, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// With an answer.
    Answered,
    /// With an error.
    Failed(ErrorKind),
    /// The caller left.
    Abandoned,
}

impl CallOutcome {
    const fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed(kind) => kind.as_str(),
            Self::Abandoned => "abandoned",
        }
    }
}

/// The gateway's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    calls: IntCounterVec,
    call_seconds: Histogram,
    calls_in_flight: IntGauge,
    attempts: IntCounterVec,
    attempt_seconds: HistogramVec,
    first_text_seconds: HistogramVec,
    tokens_per_second: HistogramVec,
    tokens: IntCounterVec,
    cost_usd: CounterVec,
    over_hold_usd: Counter,
    unpriced: IntCounterVec,
    oddities: IntCounterVec,
    rpc_errors: IntCounterVec,
    auth_refused: IntCounterVec,
    provider_up: IntGaugeVec,
    store_up: IntGauge,
    store_lines: IntGaugeVec,
    reloads: IntCounterVec,
    reliability: ReliabilityMetrics,
    cache: CacheMetrics,
}

impl Metrics {
    /// Registers every metric.
    ///
    /// # Errors
    /// [`prometheus::Error`] if two of them have the same name.
    pub fn try_new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let seconds = |name: &str, help: &str| {
            HistogramOpts::new(name, help).buckets(LATENCY_SECONDS.to_vec())
        };
        let metrics = Self {
            calls: counters(
                "gateway_calls_total",
                "Calls by how they ended.",
                &["outcome"],
            )?,
            call_seconds: Histogram::with_opts(seconds(
                "gateway_call_duration_seconds",
                "Time from a call's arrival to its answer.",
            ))?,
            calls_in_flight: IntGauge::new("gateway_calls_in_flight", "Calls being answered.")?,
            attempts: counters(
                "gateway_attempts_total",
                "Calls to vendors by how they ended.",
                &["provider", "outcome"],
            )?,
            attempt_seconds: HistogramVec::new(
                seconds(
                    "gateway_attempt_duration_seconds",
                    "Time that vendors took.",
                ),
                &["provider"],
            )?,
            first_text_seconds: HistogramVec::new(
                seconds(
                    "gateway_time_to_first_token_seconds",
                    "Time from asking a vendor to its first text, of streamed answers.",
                ),
                &["provider"],
            )?,
            tokens_per_second: HistogramVec::new(
                HistogramOpts::new(
                    "gateway_output_tokens_per_second",
                    "Output tokens a second from the first text to the end, of streamed answers.",
                )
                .buckets(TOKENS_PER_SECOND.to_vec()),
                &["provider"],
            )?,
            tokens: counters(
                "gateway_tokens_total",
                "Tokens in disjoint classes, as vendors reported or we estimated them.",
                &["provider", "model", "class"],
            )?,
            cost_usd: CounterVec::new(
                Opts::new(
                    "gateway_cost_usd_total",
                    "Money that vendors charge, in USD.",
                ),
                &["provider", "model"],
            )?,
            over_hold_usd: Counter::new(
                "gateway_settle_over_hold_usd_total",
                "Money by which attempts cost more than was set aside for them, in USD.",
            )?,
            unpriced: counters(
                "gateway_unpriced_attempts_total",
                "Attempts whose model has no known price.",
                &["provider", "model"],
            )?,
            oddities: counters(
                "gateway_vendor_oddities_total",
                "Answers with usage that contradicts itself or an unknown finish reason.",
                &["provider", "oddity"],
            )?,
            rpc_errors: counters(
                "gateway_rpc_errors_total",
                "MCP requests that were no call, by JSON-RPC code; old clients see them under 200.",
                &["code"],
            )?,
            auth_refused: counters(
                "gateway_auth_refused_total",
                "Requests whose caller is unknown or may not do this, by the reason.",
                &["reason"],
            )?,
            provider_up: IntGaugeVec::new(
                Opts::new(
                    "gateway_provider_up",
                    "1 if the vendor can be asked, else 0.",
                ),
                &["provider"],
            )?,
            store_up: IntGauge::new("gateway_store_up", "1 if the store works, else 0.")?,
            store_lines: IntGaugeVec::new(
                Opts::new(
                    "gateway_store_lines",
                    "Ledger lines that wait to be stored, and lines of which sums are left.",
                ),
                &["state"],
            )?,
            reloads: counters(
                "gateway_config_reloads_total",
                "How often the configuration was read again, and whether it was taken.",
                &["outcome"],
            )?,
            reliability: ReliabilityMetrics::try_new(&registry)?,
            cache: CacheMetrics::try_new(&registry)?,
            registry,
        };
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        self.registry.register(Box::new(self.calls.clone()))?;
        self.registry
            .register(Box::new(self.call_seconds.clone()))?;
        self.registry
            .register(Box::new(self.calls_in_flight.clone()))?;
        self.registry.register(Box::new(self.attempts.clone()))?;
        self.registry
            .register(Box::new(self.attempt_seconds.clone()))?;
        self.registry
            .register(Box::new(self.first_text_seconds.clone()))?;
        self.registry
            .register(Box::new(self.tokens_per_second.clone()))?;
        self.registry.register(Box::new(self.tokens.clone()))?;
        self.registry.register(Box::new(self.cost_usd.clone()))?;
        self.registry
            .register(Box::new(self.over_hold_usd.clone()))?;
        self.registry.register(Box::new(self.unpriced.clone()))?;
        self.registry.register(Box::new(self.oddities.clone()))?;
        self.registry.register(Box::new(self.rpc_errors.clone()))?;
        self.registry
            .register(Box::new(self.auth_refused.clone()))?;
        self.registry.register(Box::new(self.provider_up.clone()))?;
        self.registry.register(Box::new(self.store_up.clone()))?;
        self.registry.register(Box::new(self.store_lines.clone()))?;
        self.registry.register(Box::new(self.reloads.clone()))
    }

    /// Returns the metrics of the answer cache.
    pub const fn cache(&self) -> &CacheMetrics {
        &self.cache
    }

    /// Returns the metrics of circuits and repeats.
    pub const fn reliability(&self) -> &ReliabilityMetrics {
        &self.reliability
    }

    /// Counts a call that begins.
    pub fn call_began(&self) {
        self.calls_in_flight.inc();
    }

    /// Counts a call that ended after `latency`.
    pub fn call_ended(&self, outcome: CallOutcome, latency: Duration) {
        self.calls_in_flight.dec();
        self.calls.with_label_values(&[outcome.label()]).inc();
        self.call_seconds.observe(latency.as_secs_f64());
    }

    /// Counts an attempt that ended after `latency`.
    pub fn attempt_ended(&self, target: &Target, outcome: AttemptOutcome, latency: Duration) {
        let label = match outcome {
            AttemptOutcome::Answered => "answered",
            AttemptOutcome::Failed(kind) => kind.as_str(),
            AttemptOutcome::Cancelled => "cancelled",
        };
        let provider = target.provider.as_str();
        self.attempts.with_label_values(&[provider, label]).inc();
        self.attempt_seconds
            .with_label_values(&[provider])
            .observe(latency.as_secs_f64());
    }

    /// Measures a streamed answer: how long its first text took, and that
    /// `tokens` came in the time of `flow` from there on.
    pub fn streamed(&self, target: &Target, to_first: Duration, tokens: u64, flow: Duration) {
        let provider = target.provider.as_str();
        self.first_text_seconds
            .with_label_values(&[provider])
            .observe(to_first.as_secs_f64());
        // One piece has no speed.
        if !flow.is_zero() && tokens > 1 {
            let speed = tokens as f64 / flow.as_secs_f64();
            self.tokens_per_second
                .with_label_values(&[provider])
                .observe(speed);
        }
    }

    /// Counts what an attempt used. `target` is of the catalogue, which
    /// bounds the labels.
    pub fn used(&self, target: &Target, usage: &Usage, cost: Cost) {
        let labels = [target.provider.as_str(), target.model.as_str()];
        let classes = [
            ("input", usage.tokens.input),
            ("cache_read", usage.tokens.cache_read),
            ("cache_write", usage.tokens.cache_write()),
            ("output", usage.tokens.output),
            ("reasoning", usage.tokens.reasoning),
        ];
        for (class, tokens) in classes.into_iter().filter(|(_, tokens)| *tokens > 0) {
            self.tokens
                .with_label_values(&[labels[0], labels[1], class])
                .inc_by(tokens);
        }
        match cost.amount() {
            Some(amount) => {
                // A counter refuses to fall; costs are never negative.
                self.cost_usd
                    .with_label_values(&labels)
                    .inc_by(amount.usd().max(0.0));
            }
            None => self.unpriced.with_label_values(&labels).inc(),
        }
        if usage.is_inconsistent {
            self.oddities.with_label_values(&[labels[0], "usage"]).inc();
        }
    }

    /// Counts by how much an attempt's cost exceeds what budgets had set aside
    /// for it, which is the most that it was thought to be able to cost.
    pub fn over_hold(&self, excess: NanoUsd) {
        // A counter refuses to fall.
        self.over_hold_usd.inc_by(excess.usd().max(0.0));
    }

    /// Counts an answer whose finish reason nobody knows.
    pub fn unknown_finish(&self, target: &Target) {
        self.oddities
            .with_label_values(&[target.provider.as_str(), "finish_reason"])
            .inc();
    }

    /// Counts an MCP request that ended in a JSON-RPC error.
    pub fn rpc_failed(&self, code: i32) {
        let label = match code {
            -32700 => "-32700",
            -32600 => "-32600",
            -32601 => "-32601",
            -32602 => "-32602",
            -32603 => "-32603",
            -32020 => "-32020",
            -32021 => "-32021",
            -32022 => "-32022",
            -32099 => "-32099",
            _ => "other",
        };
        self.rpc_errors.with_label_values(&[label]).inc();
    }

    /// Counts a request whose caller was refused.
    pub fn auth_refused(&self, reason: AuthRefusal) {
        self.auth_refused
            .with_label_values(&[reason.as_str()])
            .inc();
    }

    /// Says how the store is.
    pub fn store(&self, state: &StoreState) {
        self.store_up.set(i64::from(state.fault.is_none()));
        for (label, count) in [("waiting", state.buffered), ("merged", state.merged)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.store_lines.with_label_values(&[label]).set(count);
        }
    }

    /// Counts a configuration that was read again, and whether it was taken.
    pub fn reloaded(&self, is_taken: bool) {
        let outcome = if is_taken { "taken" } else { "refused" };
        self.reloads.with_label_values(&[outcome]).inc();
    }

    /// Says whether a vendor can be asked.
    pub fn provider_is_up(&self, provider: &str, is_up: bool) {
        self.provider_up
            .with_label_values(&[provider])
            .set(i64::from(is_up));
    }

    /// Writes all metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        if let Err(fault) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%fault, "metrics cannot be written");
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

fn counters(name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
    IntCounterVec::new(Opts::new(name, help), labels)
}
