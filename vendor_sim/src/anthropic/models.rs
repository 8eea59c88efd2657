//! Anthropic's models and what each of them refuses.
//!
//! Facts as of 2026-11-22, kept apart from the gateway's catalogue on purpose:
//! the two check each other.

use http::StatusCode;
use serde_json::{Value, json};

use super::error::ApiError;
use crate::dialect::Reply;

/// A model and its rules.
pub(super) struct Model {
    pub(super) id: &'static str,
    display_name: &'static str,
    /// The dated name that answers give, where it is known; also accepted.
    snapshot: Option<&'static str>,
    /// Input and output together.
    pub(super) window: u64,
    pub(super) max_output: u64,
    pub(super) sampling: Sampling,
    pub(super) thinking: Thinking,
    pub(super) prefill: Prefill,
    /// Accepted values of `output_config.effort`; empty for a model without.
    pub(super) efforts: &'static [&'static str],
    retires_at: Option<&'static str>,
}

/// Which sampling parameters are accepted under version 2023-06-01.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sampling {
    Never,
    /// Temperature or `top_p`, not both.
    OneOfTwo,
}

/// How a model can be made to think.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Thinking {
    /// Always thinks; cannot be stopped.
    AlwaysOn,
    /// Off, or adaptive.
    Adaptive,
    /// Off, adaptive, or with a budget.
    AdaptiveOrBudget,
    /// Off, or with a budget.
    Budget,
}

/// Whether the client may begin the answer.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Prefill {
    Accepted,
    Refused,
}

const LOW_TO_MAX: &[&str] = &["low", "medium", "high", "xhigh", "max"];
const WITHOUT_XHIGH: &[&str] = &["low", "medium", "high", "max"];

const fn thinks_always(id: &'static str, display_name: &'static str) -> Model {
    Model {
        id,
        display_name,
        snapshot: None,
        window: 1_000_000,
        max_output: 128_000,
        sampling: Sampling::Never,
        thinking: Thinking::AlwaysOn,
        prefill: Prefill::Refused,
        efforts: LOW_TO_MAX,
        retires_at: None,
    }
}

const fn thinks_on_demand(id: &'static str, display_name: &'static str) -> Model {
    Model {
        thinking: Thinking::Adaptive,
        ..thinks_always(id, display_name)
    }
}

const fn claude_4_5(id: &'static str, display_name: &'static str, date: &'static str) -> Model {
    Model {
        snapshot: Some(date),
        window: 200_000,
        max_output: 64_000,
        sampling: Sampling::OneOfTwo,
        thinking: Thinking::Budget,
        prefill: Prefill::Accepted,
        efforts: &[],
        ..thinks_always(id, display_name)
    }
}

static MODELS: &[Model] = &[
    // Its limits are unpublished; taken to be those of its predecessor.
    thinks_always("claude-fable-5-2", "Claude Fable 5.2"),
    thinks_always("claude-fable-5-1", "Claude Fable 5.1"),
    thinks_always("claude-opus-5-5", "Claude Opus 5.5"),
    thinks_always("claude-sonnet-5-5", "Claude Sonnet 5.5"),
    thinks_on_demand("claude-haiku-5-5", "Claude Haiku 5.5"),
    thinks_on_demand("claude-opus-5", "Claude Opus 5"),
    thinks_on_demand("claude-sonnet-5", "Claude Sonnet 5"),
    thinks_on_demand("claude-opus-4-8", "Claude Opus 4.8"),
    Model {
        sampling: Sampling::OneOfTwo,
        thinking: Thinking::AdaptiveOrBudget,
        efforts: WITHOUT_XHIGH,
        ..thinks_always("claude-sonnet-4-6", "Claude Sonnet 4.6")
    },
    claude_4_5(
        "claude-haiku-4-5",
        "Claude Haiku 4.5",
        "claude-haiku-4-5-20251001",
    ),
    Model {
        retires_at: Some("2026-11-30T00:00:00Z"),
        ..claude_4_5(
            "claude-sonnet-4-5",
            "Claude Sonnet 4.5",
            "claude-sonnet-4-5-20250929",
        )
    },
];

impl Model {
    /// Returns the name that answers give.
    pub(super) fn answers_as(&self) -> &'static str {
        self.snapshot.unwrap_or(self.id)
    }

    fn document(&self) -> Value {
        json!({
            "type": "model",
            "id": self.answers_as(),
            "display_name": self.display_name,
            "created_at": "2026-01-01T00:00:00Z",
            "lifecycle": if self.retires_at.is_some() { "deprecated" } else { "active" },
            "retires_at": self.retires_at,
            "max_input_tokens": self.window,
            "max_tokens": self.max_output,
        })
    }
}

/// Finds a model by its alias or its dated name.
///
/// # Errors
///
/// 404 `not_found_error`.
pub(super) fn find(id: &str) -> Result<&'static Model, ApiError> {
    MODELS
        .iter()
        .find(|model| model.id == id || model.snapshot == Some(id))
        .ok_or_else(|| ApiError::not_found(format!("model: {id}")))
}

/// Answers `GET /v1/models/{id}`.
pub(super) fn one(id: &str) -> Result<Reply, ApiError> {
    find(id).map(|model| Reply::json(StatusCode::OK, &model.document()))
}

/// Answers `GET /v1/models` for the query `limit`, `after_id`, `before_id`.
pub(super) fn page(query: &str) -> Result<Reply, ApiError> {
    let mut limit = 20_usize;
    let mut range = 0..MODELS.len();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let place = || MODELS.iter().position(|model| model.answers_as() == value);
        match name {
            "limit" => limit = page_size(value)?,
            "after_id" => range.start = place().map_or(range.end, |place| place + 1),
            "before_id" => range.end = place().unwrap_or(range.end),
            _ => return Err(ApiError::extra(name)),
        }
    }
    let all = MODELS.get(range).unwrap_or_default();
    let shown: Vec<_> = all.iter().take(limit).collect();
    let body = json!({
        "data": shown.iter().map(|model| model.document()).collect::<Vec<_>>(),
        "has_more": shown.len() < all.len(),
        "first_id": shown.first().map(|model| model.answers_as()),
        "last_id": shown.last().map(|model| model.answers_as()),
    });
    Ok(Reply::json(StatusCode::OK, &body))
}

fn page_size(value: &str) -> Result<usize, ApiError> {
    let bound = |words: &str| ApiError::invalid(format!("limit: Input should be {words}"));
    match value.parse::<usize>() {
        Ok(0) => Err(bound("greater than or equal to 1")),
        Ok(1_001..) => Err(bound("less than or equal to 1000")),
        Ok(limit) => Ok(limit),
        Err(_) => Err(bound(
            "a valid integer, unable to parse string as an integer",
        )),
    }
}
