//! Groq's models and what each of them refuses.
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
    owner: &'static str,
    /// Input and output together, in tokens.
    pub(super) window: u64,
    pub(super) max_output: u64,
    /// Accepted values of `reasoning_effort`.
    pub(super) efforts: &'static [&'static str],
    /// The effort of a request that names none.
    pub(super) default_effort: &'static str,
    pub(super) thoughts: Thoughts,
    pub(super) vision: Vision,
    /// Whether a repeated prompt is read from a cache.
    pub(super) cache: Cache,
}

/// Where thoughts stand unless the request says otherwise.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Thoughts {
    /// In a member of their own; `reasoning_format` is not taken.
    Apart,
    /// In the text, between `<think>` tags; `reasoning_format` moves them.
    InText,
}

/// Whether a model sees pictures.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Vision {
    Sees,
    Blind,
}

/// Whether the vendor counts cached input.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Cache {
    Counted,
    None,
}

const fn gpt_oss(id: &'static str) -> Model {
    Model {
        id,
        owner: "OpenAI",
        window: 131_072,
        max_output: 65_536,
        efforts: &["low", "medium", "high"],
        default_effort: "medium",
        thoughts: Thoughts::Apart,
        vision: Vision::Blind,
        cache: Cache::Counted,
    }
}

static MODELS: &[Model] = &[
    gpt_oss("openai/gpt-oss-120b"),
    gpt_oss("openai/gpt-oss-20b"),
    Model {
        id: "qwen/qwen3.8-27b",
        owner: "Alibaba Cloud",
        max_output: 16_384,
        efforts: &["none", "default", "low", "medium", "high"],
        default_effort: "default",
        thoughts: Thoughts::InText,
        vision: Vision::Sees,
        cache: Cache::None,
        ..gpt_oss("qwen/qwen3.8-27b")
    },
];

/// Models that are no longer served, and say so.
const DECOMMISSIONED: [&str; 4] = [
    "llama-3.1-8b-instant",
    "llama-3.3-70b-versatile",
    "mixtral-8x7b-32768",
    "gemma2-9b-it",
];

/// When every model was created, as far as the list tells. Chosen.
const CREATED: u64 = 1_767_225_600;

impl Model {
    fn document(&self) -> Value {
        json!({
            "id": self.id,
            "object": "model",
            "created": CREATED,
            "owned_by": self.owner,
            "active": true,
            "context_window": self.window,
            "public_apps": null,
            "max_completion_tokens": self.max_output,
        })
    }
}

/// Finds a model.
///
/// # Errors
///
/// 404 `model_not_found`, 400 `model_decommissioned`.
pub(super) fn find(id: &str) -> Result<&'static Model, ApiError> {
    if DECOMMISSIONED.contains(&id) {
        return Err(ApiError::decommissioned(id));
    }
    let mut models = MODELS.iter();
    models
        .find(|model| model.id == id)
        .ok_or_else(|| ApiError::no_such_model(id))
}

/// Answers `GET /openai/v1/models/{id}`.
pub(super) fn one(id: &str) -> Result<Reply, ApiError> {
    find(id).map(|model| Reply::json(StatusCode::OK, &model.document()))
}

/// Answers `GET /openai/v1/models`.
pub(super) fn list() -> Reply {
    let models: Vec<_> = MODELS.iter().map(Model::document).collect();
    Reply::json(StatusCode::OK, &json!({"object": "list", "data": models}))
}
