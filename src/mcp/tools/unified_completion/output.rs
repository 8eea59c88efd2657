//! The answer of `unified_completion`.

use schemars::JsonSchema;
use serde::Serialize;

use super::routing::RoutingOutput;
use crate::domain::{CacheOutcome, CacheStatus, Completion, NanoUsd, UsageSource};
use crate::mcp::report::{self, MAX_TEXT_BYTES};

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// The completion.
    pub(super) text: String,
    /// The model that answered, by its vendor's word.
    model: String,
    provider: String,
    /// True if the answer was stored.
    cached: bool,
    /// USD, failed attempts included; null if the model has no known price.
    cost: Option<f64>,
    latency_ms: f64,
    tokens_used: TokensUsed,
    /// stop, length, content_filter or tool_calls; null for route_only.
    finish_reason: Option<&'static str>,
    /// Arguments that the model does not take.
    dropped_parameters: Vec<&'static str>,
    cache: CacheReport,
    routing: RoutingOutput,
    request_id: String,
    /// True if the text was cut at 80 KB.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

/// Disjoint classes.
#[derive(Debug, Serialize, JsonSchema)]
struct TokensUsed {
    input: u64,
    output: u64,
    cached_input: u64,
    cache_write: u64,
    reasoning: u64,
    /// provider or estimated.
    source: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CacheReport {
    /// exact, semantic, miss or bypass.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved_usd: Option<f64>,
}

impl Output {
    pub(super) fn new(completion: Completion, all_candidates: bool) -> Self {
        let mut text = completion.text();
        let truncated = text.len() > MAX_TEXT_BYTES;
        if truncated {
            let mut end = MAX_TEXT_BYTES;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        let tokens = completion.usage.tokens;
        Self {
            text,
            model: completion.model.to_string(),
            provider: completion.provider.to_string(),
            cached: completion.cache.is_hit(),
            cost: completion.cost.amount().map(NanoUsd::usd),
            latency_ms: report::milliseconds(completion.latency),
            tokens_used: TokensUsed {
                input: tokens.input,
                output: tokens.output,
                cached_input: tokens.cache_read,
                cache_write: tokens.cache_write(),
                reasoning: tokens.reasoning,
                source: match completion.usage.source {
                    UsageSource::Provider => "provider",
                    UsageSource::Estimated => "estimated",
                },
            },
            finish_reason: completion.finish.map(|reason| reason.as_str()),
            dropped_parameters: completion.dropped_parameters,
            cache: CacheReport::new(&completion.cache),
            routing: RoutingOutput::new(completion.routing, all_candidates),
            request_id: completion.request_id.to_string(),
            truncated,
        }
    }
}

impl CacheReport {
    fn new(outcome: &CacheOutcome) -> Self {
        let (status, similarity, confidence) = match outcome.status {
            CacheStatus::Exact => ("exact", None, None),
            CacheStatus::Semantic {
                similarity,
                confidence,
            } => ("semantic", Some(similarity), Some(confidence)),
            CacheStatus::Miss => ("miss", None, None),
            CacheStatus::Bypass => ("bypass", None, None),
        };
        Self {
            status,
            similarity,
            confidence,
            age_seconds: outcome.age.map(|age| age.as_secs()),
            saved_usd: outcome.saved.map(NanoUsd::usd),
        }
    }
}
