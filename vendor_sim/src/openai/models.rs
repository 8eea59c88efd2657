//! OpenAI's models and what each of them refuses.
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
    /// The dated name that answers give, where it is known; also accepted.
    pub(super) snapshot: Option<&'static str>,
    pub(super) window: Window,
    pub(super) max_output: u64,
    pub(super) sampling: Sampling,
    /// Accepted values of `reasoning_effort`; empty for a model that does not
    /// reason.
    pub(super) efforts: &'static [&'static str],
    /// The effort of a request that names none.
    pub(super) default_effort: &'static str,
    pub(super) tools: Tools,
    pub(super) cache_writes: CacheWriteCount,
}

/// What fits into the model's window.
#[derive(Clone, Copy)]
pub(super) enum Window {
    /// So much input.
    Input(u64),
    /// So much input and output together.
    Total(u64),
}

/// When temperature, `top_p` and `logprobs` are accepted.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sampling {
    Always,
    /// Only without reasoning.
    WithoutReasoning,
    Never,
}

/// When function tools are accepted on chat completions.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Tools {
    Always,
    /// Reasoning with tools needs the Responses API.
    WithoutReasoning,
}

/// Whether usage tells tokens written to the cache.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum CacheWriteCount {
    Reported,
    Unreported,
}

const LOW_TO_MAX: &[&str] = &["low", "medium", "high", "xhigh", "max"];
const NONE_TO_MAX: &[&str] = &["none", "low", "medium", "high", "xhigh", "max"];
const NONE_TO_XHIGH: &[&str] = &["none", "low", "medium", "high", "xhigh"];

const fn gpt_6(id: &'static str) -> Model {
    Model {
        id,
        snapshot: None,
        window: Window::Input(922_000),
        max_output: 128_000,
        sampling: Sampling::WithoutReasoning,
        efforts: NONE_TO_MAX,
        default_effort: "medium",
        tools: Tools::WithoutReasoning,
        cache_writes: CacheWriteCount::Reported,
    }
}

/// The two that always reason.
const fn gpt_6_reasoning(id: &'static str) -> Model {
    Model {
        sampling: Sampling::Never,
        efforts: LOW_TO_MAX,
        ..gpt_6(id)
    }
}

const fn gpt_5_6(id: &'static str) -> Model {
    Model {
        efforts: NONE_TO_XHIGH,
        ..gpt_6(id)
    }
}

const fn gpt_5_4(id: &'static str, input: u64, snapshot: Option<&'static str>) -> Model {
    Model {
        snapshot,
        window: Window::Input(input),
        default_effort: "none",
        cache_writes: CacheWriteCount::Unreported,
        ..gpt_5_6(id)
    }
}

const fn gpt_4(id: &'static str, total: u64, max_output: u64) -> Model {
    Model {
        window: Window::Total(total),
        max_output,
        sampling: Sampling::Always,
        efforts: &[],
        tools: Tools::Always,
        ..gpt_5_4(id, total, None)
    }
}

static MODELS: &[Model] = &[
    gpt_6_reasoning("gpt-6-astra"),
    gpt_6_reasoning("gpt-6.1-sol"),
    gpt_6("gpt-6-sol"),
    gpt_6("gpt-6.1-terra"),
    gpt_6("gpt-6-luna"),
    gpt_5_6("gpt-5.6-sol"),
    gpt_5_6("gpt-5.6-terra"),
    gpt_5_6("gpt-5.6-luna"),
    Model {
        default_effort: "medium",
        ..gpt_5_4("gpt-5.5", 1_050_000, Some("gpt-5.5-2026-04-23"))
    },
    gpt_5_4("gpt-5.4", 1_050_000, None),
    gpt_5_4("gpt-5.4-mini", 272_000, Some("gpt-5.4-mini-2026-03-17")),
    gpt_5_4("gpt-5.4-nano", 272_000, Some("gpt-5.4-nano-2026-03-17")),
    Model {
        tools: Tools::Always,
        ..gpt_5_4("gpt-5.2", 272_000, Some("gpt-5.2-2025-12-11"))
    },
    Model {
        snapshot: Some("gpt-4.1-2025-04-14"),
        ..gpt_4("gpt-4.1", 1_047_576, 32_768)
    },
    Model {
        snapshot: Some("gpt-4o-mini-2024-07-18"),
        ..gpt_4("gpt-4o-mini", 128_000, 16_384)
    },
];

impl Model {
    /// Returns the name that answers give.
    pub(super) fn answers_as(&self) -> &'static str {
        self.snapshot.unwrap_or(self.id)
    }

    /// Tells whether the model belongs to the families that think.
    pub(super) fn reasons(&self) -> bool {
        !self.efforts.is_empty()
    }

    fn document(&self, id: &str) -> Value {
        json!({"id": id, "object": "model", "created": CREATED, "owned_by": "system"})
    }
}

/// When every model was created, as far as the list tells. Chosen.
const CREATED: u64 = 1_767_225_600;

/// Finds a model by its alias or its dated name.
///
/// # Errors
///
/// 404 `model_not_found`.
pub(super) fn find(id: &str) -> Result<&'static Model, ApiError> {
    MODELS
        .iter()
        .find(|model| model.id == id || model.snapshot == Some(id))
        .ok_or_else(|| ApiError::no_such_model(id))
}

/// Answers `GET /v1/models/{id}`.
pub(super) fn one(id: &str) -> Result<Reply, ApiError> {
    find(id).map(|model| Reply::json(StatusCode::OK, &model.document(id)))
}

/// Answers `GET /v1/models`.
pub(super) fn list() -> Reply {
    let models: Vec<_> = MODELS
        .iter()
        .flat_map(|model| [Some(model.id), model.snapshot].map(|id| Some(model.document(id?))))
        .flatten()
        .collect();
    Reply::json(StatusCode::OK, &json!({"object": "list", "data": models}))
}
