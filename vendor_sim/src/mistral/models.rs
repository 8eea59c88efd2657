//! Mistral's models and what each of them refuses.
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
    /// Names that move from model to model.
    aliases: &'static [&'static str],
    /// What fits into the model: input and output together, in tokens.
    pub(super) window: u64,
    pub(super) reasoning: Reasoning,
    pub(super) vision: Vision,
    pub(super) cached: CachedTokens,
    /// When it ends, and what takes its place.
    ending: Option<(&'static str, &'static str)>,
}

/// Whether `reasoning_effort` is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reasoning {
    /// `none` or `high`.
    Adjustable,
    Never,
}

/// Whether pictures are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vision {
    Pictures,
    TextOnly,
}

/// Which members of usage tell the tokens read from the cache.
///
/// The API file has all three and does not say which one is sent, so the
/// models differ here on purpose: a client must know every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CachedTokens {
    /// `num_cached_tokens` and `prompt_tokens_details`.
    Twice,
    /// `num_cached_tokens`.
    Number,
    /// `prompt_tokens_details`.
    Details,
    /// `prompt_token_details`, as the API file spells it beside the other.
    OddDetails,
}

const fn large(id: &'static str, window: u64) -> Model {
    Model {
        id,
        aliases: &[],
        window,
        reasoning: Reasoning::Adjustable,
        vision: Vision::Pictures,
        cached: CachedTokens::Twice,
        ending: None,
    }
}

const fn ministral(id: &'static str, aliases: &'static [&'static str], window: u64) -> Model {
    Model {
        aliases,
        reasoning: Reasoning::Never,
        cached: CachedTokens::OddDetails,
        ..large(id, window)
    }
}

static MODELS: &[Model] = &[
    Model {
        aliases: &["mistral-large-latest"],
        ..large("mistral-large-4", 1_048_576)
    },
    Model {
        aliases: &["mistral-medium-latest", "mistral-medium"],
        ..large("mistral-medium-3-5", 262_144)
    },
    Model {
        reasoning: Reasoning::Never,
        cached: CachedTokens::Number,
        ..large("mistral-large-2512", 262_144)
    },
    Model {
        aliases: &["mistral-small-latest"],
        cached: CachedTokens::Number,
        ..large("mistral-small-2603", 262_144)
    },
    ministral("ministral-14b-2512", &["ministral-14b-latest"], 262_144),
    ministral("ministral-8b-2512", &["ministral-8b-latest"], 262_144),
    ministral("ministral-3b-2512", &["ministral-3b-latest"], 131_072),
    Model {
        aliases: &["codestral-latest"],
        reasoning: Reasoning::Never,
        vision: Vision::TextOnly,
        cached: CachedTokens::Details,
        ..large("codestral-2508", 128_000)
    },
    // Not in the gateway's catalogue: somebody must be about to end. The
    // date is chosen.
    Model {
        reasoning: Reasoning::Never,
        ending: Some(("2026-12-31T00:00:00Z", "mistral-small-2603")),
        ..large("mistral-small-2506", 131_072)
    },
];

/// When every model was created, as far as the list tells. Chosen.
const CREATED: u64 = 1_767_225_600;

impl Model {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.id].into_iter().chain(self.aliases.iter().copied())
    }

    /// Returns the card under one of the model's names; `aliases` has the
    /// others.
    fn card(&self, id: &str) -> Value {
        let others: Vec<_> = self.names().filter(|name| *name != id).collect();
        let (deprecation, replacement) = self.ending.unzip();
        json!({
            "id": id,
            "object": "model",
            "created": CREATED,
            "owned_by": "mistralai",
            "capabilities": {
                "completion_chat": true,
                "function_calling": true,
                "completion_fim": self.id.starts_with("codestral"),
                "fine_tuning": false,
                "vision": self.vision == Vision::Pictures,
                "ocr": false,
                "classification": false,
                "moderation": false,
                "audio": false,
                "audio_transcription": false,
            },
            "name": self.id,
            "description": "A simulated model",
            "max_context_length": self.window,
            "aliases": others,
            "deprecation": deprecation,
            "deprecation_replacement_model": replacement,
            "default_model_temperature": 0.3,
            "type": "base",
        })
    }
}

/// Finds a model by any of its names.
pub(super) fn find(id: &str) -> Option<&'static Model> {
    MODELS
        .iter()
        .find(|model| model.names().any(|name| name == id))
}

/// Answers `GET /v1/models/{id}`.
///
/// # Errors
///
/// 404 `invalid_model`.
pub(super) fn one(id: &str) -> Result<Reply, ApiError> {
    let model = find(id).ok_or_else(|| ApiError::no_such_model(StatusCode::NOT_FOUND, id))?;
    Ok(Reply::json(StatusCode::OK, &model.card(id)))
}

/// Answers `GET /v1/models`: every name is a card of its own.
pub(super) fn list() -> Reply {
    let cards: Vec<_> = MODELS
        .iter()
        .flat_map(|model| model.names().map(|name| model.card(name)))
        .collect();
    Reply::json(StatusCode::OK, &json!({"object": "list", "data": cards}))
}
