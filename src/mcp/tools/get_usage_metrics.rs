//! The tool `get_usage_metrics`.

use std::collections::BTreeMap;
use std::time::Duration;

use rmcp::model::{CallToolResult, JsonObject, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Words, parse, reading_tool_with};
use crate::domain::{Caller, Error, Latencies, NanoUsd, ProviderName, TokenUsage, UsageSums};
use crate::gateway::{Money, UsagePart, UsageReport, UsageWish};
use crate::mcp::{McpHandler, structured};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// How far back to look. Default 24h.
    time_range: Option<TimeRange>,
    /// One provider alone; attempts are counted then, not calls.
    provider: Option<String>,
    /// One caller alone; only administrators may name others.
    caller: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
enum TimeRange {
    #[serde(rename = "1h")]
    Hour,
    #[default]
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
    #[serde(rename = "30d")]
    Month,
}

impl TimeRange {
    const fn span(self) -> Duration {
        let hours = match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
        };
        Duration::from_secs(hours * 3600)
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    time_range: &'static str,
    total_requests: u64,
    successful_requests: u64,
    failed_requests: u64,
    /// 0 to 1; null if there were no requests.
    success_rate: Option<f64>,
    cached_responses: u64,
    /// Of requests for which the cache was asked; null if it never was.
    cache_hit_rate: Option<f64>,
    rate_limit_hits: u64,
    requests_per_minute: f64,
    /// Milliseconds.
    #[schemars(with = "JsonObject")]
    latency: LatencyReport,
    /// US dollars.
    #[schemars(with = "JsonObject")]
    cost: CostReport,
    #[schemars(with = "JsonObject")]
    tokens: TokenReport,
    #[schemars(with = "JsonObject")]
    provider_breakdown: BTreeMap<String, PartReport>,
    #[schemars(with = "JsonObject")]
    model_breakdown: BTreeMap<String, PartReport>,
    /// For administrators who name nobody.
    #[schemars(with = "JsonObject")]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    caller_breakdown: BTreeMap<String, CallerReport>,
}

#[derive(Debug, Serialize)]
struct CallerReport {
    requests: u64,
    successful: u64,
    rate_limit_hits: u64,
    cost: CallerCost,
    tokens: TokenReport,
}

#[derive(Debug, Serialize)]
struct CallerCost {
    total: f64,
    possible: f64,
    saved_by_cache: f64,
}

#[derive(Debug, Serialize)]
struct LatencyReport {
    min: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    median: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

#[derive(Debug, Serialize)]
struct CostReport {
    total: f64,
    /// Per answered request.
    average: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    saved_by_cache: f64,
    /// May be billed beyond the total.
    possible: f64,
    /// Attempts without a known price, in no sum.
    unpriced_attempts: u64,
}

#[derive(Debug, Serialize)]
struct TokenReport {
    input: u64,
    output: u64,
    cached_input: u64,
    cache_write: u64,
    reasoning: u64,
}

#[derive(Debug, Serialize)]
struct PartReport {
    attempts: u64,
    successful: u64,
    success_rate: Option<f64>,
    latency: LatencyReport,
    cost: CostReport,
    tokens: TokenReport,
}

pub(super) fn definition() -> Tool {
    reading_tool_with::<Input, Output>(Words {
        name: "get_usage_metrics",
        title: "Show what was used",
        description: "Reports requests, errors, cost, tokens, cache hits and latency over the last \
             hour, day, week or month, in all and by provider and model: your own, or everybody's \
             for administrators. Calls no model and costs nothing.",
    })
}

pub(super) async fn call(
    handler: &McpHandler,
    caller: &Caller,
    arguments: JsonObject,
) -> Result<CallToolResult, Error> {
    let input: Input = parse(arguments)?;
    let range = input.time_range.unwrap_or_default();
    if let Some(provider) = &input.provider
        && !ProviderName::KNOWN.contains(&provider.as_str())
    {
        let known = ProviderName::KNOWN.join(", ");
        return Err(Error::invalid(format!("provider: must be one of {known}")));
    }
    let wish = UsageWish {
        span: range.span(),
        provider: input.provider,
        of: input.caller.map(Caller::new),
    };
    let report = handler.gateway().usage(caller, &wish).await?;
    Ok(structured(&output(range, &report)))
}

fn output(range: TimeRange, report: &UsageReport) -> Output {
    let minutes = range.span().as_secs_f64() / 60.0;
    Output {
        time_range: match range {
            TimeRange::Hour => "1h",
            TimeRange::Day => "24h",
            TimeRange::Week => "7d",
            TimeRange::Month => "30d",
        },
        total_requests: report.total,
        successful_requests: report.answered,
        failed_requests: report.failed,
        success_rate: share(report.answered, report.total),
        cached_responses: report.hits,
        cache_hit_rate: share(report.hits, report.lookups),
        rate_limit_hits: report.limited,
        requests_per_minute: report.total as f64 / minutes,
        latency: LatencyReport::from(&report.latencies),
        cost: cost(&report.money, report.answered),
        tokens: TokenReport::from(report.tokens),
        provider_breakdown: parts(&report.providers),
        model_breakdown: parts(&report.models),
        caller_breakdown: callers(&report.callers),
    }
}

fn callers(callers: &[(Caller, UsageSums)]) -> BTreeMap<String, CallerReport> {
    let reports = callers.iter().map(|(caller, sums)| {
        let report = CallerReport {
            requests: sums.count,
            successful: sums.answered,
            rate_limit_hits: sums.limited,
            cost: CallerCost {
                total: sums.cost.usd(),
                possible: sums.possible_cost.usd(),
                saved_by_cache: sums.saved.usd(),
            },
            tokens: TokenReport::from(sums.tokens),
        };
        (caller.to_string(), report)
    });
    reports.collect()
}

fn parts(parts: &BTreeMap<String, UsagePart>) -> BTreeMap<String, PartReport> {
    let parts = parts.iter().map(|(name, part)| {
        let report = PartReport {
            attempts: part.attempts,
            successful: part.answered,
            success_rate: share(part.answered, part.attempts),
            latency: LatencyReport::from(&part.latencies),
            cost: cost(&part.money, part.answered),
            tokens: TokenReport::from(part.tokens),
        };
        (name.clone(), report)
    });
    parts.collect()
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn cost(money: &Money, answered: u64) -> CostReport {
    let total = money.spent.usd();
    CostReport {
        total,
        average: (answered > 0).then(|| total / answered as f64),
        min: money.extremes.map(|(least, _)| least.usd()),
        max: money.extremes.map(|(_, most)| most.usd()),
        saved_by_cache: money.saved.usd(),
        possible: NanoUsd::usd(money.possible),
        unpriced_attempts: money.unpriced,
    }
}

impl From<&Latencies> for LatencyReport {
    fn from(latencies: &Latencies) -> Self {
        let extremes = latencies.extremes();
        let milliseconds = |latency: Duration| latency.as_secs_f64() * 1e3;
        Self {
            min: extremes.map(|(least, _)| milliseconds(least)),
            max: extremes.map(|(_, most)| milliseconds(most)),
            mean: latencies.mean_ms(),
            median: latencies.quantile_ms(0.5),
            p95: latencies.quantile_ms(0.95),
            p99: latencies.quantile_ms(0.99),
        }
    }
}

impl From<TokenUsage> for TokenReport {
    fn from(tokens: TokenUsage) -> Self {
        Self {
            input: tokens.input,
            output: tokens.output,
            cached_input: tokens.cache_read,
            cache_write: tokens.cache_write(),
            reasoning: tokens.reasoning,
        }
    }
}
