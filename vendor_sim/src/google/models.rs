//! Google's models and what each of them refuses.
//!
//! Facts as of 2026-11-22, kept apart from the gateway's catalogue on purpose:
//! the two check each other.

use super::api::Api;
use super::error::ApiError;

/// A model and its rules.
pub(crate) struct Model {
    pub(super) id: &'static str,
    pub(super) display_name: &'static str,
    pub(super) version: &'static str,
    pub(super) max_output: u64,
    /// The output limit of an answer that is not a stream.
    pub(super) max_whole_output: u64,
    pub(super) window: Window,
    pub(super) family: Family,
    pub(super) thinking: Thinking,
    /// The model that answers in this one's place.
    replaced_by: Option<&'static str>,
    reach: Reach,
}

/// What fits into the model's window of [`WINDOW`] tokens.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Window {
    /// The input.
    Input,
    /// Input, thinking and output together.
    Shared,
}

/// All of Google's models read so much.
pub(super) const WINDOW: u64 = 1_048_576;

/// The models that share their rules.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Family {
    /// 2.5.
    Old,
    /// 3 and later: signed function calls, no penalties, one candidate.
    New,
}

/// How a model is told to think.
#[derive(Clone, Copy)]
pub(super) enum Thinking {
    /// By a number of tokens, -1 for the model's own choice.
    Budget {
        low: i64,
        high: i64,
        /// Whether 0 turns thinking off.
        stops: bool,
        /// How hard it thinks unasked.
        unasked: &'static str,
    },
    /// By a level; some also by a budget, for the sake of older callers.
    Level {
        known: &'static [&'static str],
        unasked: &'static str,
        max_budget: Option<i64>,
    },
}

/// Where a name is known.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Everywhere,
    /// A name that moves to the newest model.
    Latest,
    /// Listed, but not for generating.
    Embedding,
}

const LOW_TO_HIGH: &[&str] = &["LOW", "MEDIUM", "HIGH"];
const MINIMAL_TO_HIGH: &[&str] = &["MINIMAL", "LOW", "MEDIUM", "HIGH"];

const fn flash_3(id: &'static str, display_name: &'static str, version: &'static str) -> Model {
    Model {
        id,
        display_name,
        version,
        max_output: 65_536,
        max_whole_output: 65_536,
        window: Window::Input,
        family: Family::New,
        thinking: Thinking::Level {
            known: MINIMAL_TO_HIGH,
            unasked: "medium",
            max_budget: Some(24_576),
        },
        replaced_by: None,
        reach: Reach::Everywhere,
    }
}

const fn lite_3(id: &'static str, display_name: &'static str, version: &'static str) -> Model {
    Model {
        thinking: Thinking::Level {
            known: MINIMAL_TO_HIGH,
            unasked: "minimal",
            max_budget: Some(24_576),
        },
        ..flash_3(id, display_name, version)
    }
}

const fn gemini_2_5(id: &'static str, display_name: &'static str, thinking: Thinking) -> Model {
    Model {
        family: Family::Old,
        thinking,
        ..flash_3(id, display_name, "001")
    }
}

const fn replaced(id: &'static str, display_name: &'static str, by: &'static str) -> Model {
    Model {
        replaced_by: Some(by),
        ..flash_3(id, display_name, "001")
    }
}

const fn latest(id: &'static str, display_name: &'static str, of: &'static str) -> Model {
    Model {
        reach: Reach::Latest,
        ..replaced(id, display_name, of)
    }
}

static MODELS: &[Model] = &[
    gemini_2_5(
        "gemini-2.5-flash",
        "Gemini 2.5 Flash",
        Thinking::Budget {
            low: 0,
            high: 24_576,
            stops: true,
            unasked: "medium",
        },
    ),
    gemini_2_5(
        "gemini-2.5-pro",
        "Gemini 2.5 Pro",
        Thinking::Budget {
            low: 128,
            high: 32_768,
            stops: false,
            unasked: "medium",
        },
    ),
    gemini_2_5(
        "gemini-2.5-flash-lite",
        "Gemini 2.5 Flash-Lite",
        Thinking::Budget {
            low: 512,
            high: 24_576,
            stops: true,
            unasked: "none",
        },
    ),
    Model {
        thinking: Thinking::Level {
            known: LOW_TO_HIGH,
            unasked: "high",
            max_budget: Some(32_768),
        },
        ..flash_3(
            "gemini-3.1-pro-preview",
            "Gemini 3.1 Pro Preview",
            "3.1-pro-preview",
        )
    },
    lite_3("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", "001"),
    replaced("gemini-3.5-flash", "Gemini 3.5 Flash", "gemini-3.6-flash"),
    lite_3("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", "001"),
    flash_3("gemini-3.6-flash", "Gemini 3.6 Flash", "001"),
    replaced("gemini-3.7-flash", "Gemini 3.7 Flash", "gemini-3.8-flash"),
    flash_3("gemini-3.8-flash", "Gemini 3.8 Flash", "001"),
    Model {
        max_output: WINDOW,
        max_whole_output: 32_768,
        window: Window::Shared,
        thinking: Thinking::Level {
            known: LOW_TO_HIGH,
            unasked: "high",
            max_budget: None,
        },
        ..flash_3("gemini-4-argon", "Gemini 4 Argon", "001")
    },
    latest(
        "gemini-flash-latest",
        "Gemini Flash Latest",
        "gemini-3.8-flash",
    ),
    latest(
        "gemini-flash-lite-latest",
        "Gemini Flash-Lite Latest",
        "gemini-3.5-flash-lite",
    ),
    latest(
        "gemini-pro-latest",
        "Gemini Pro Latest",
        "gemini-3.1-pro-preview",
    ),
    Model {
        max_output: 1,
        max_whole_output: 1,
        reach: Reach::Embedding,
        ..flash_3("gemini-embedding-001", "Gemini Embedding 001", "001")
    },
];

impl Model {
    /// Tells whether the model writes answers.
    pub(super) fn generates(&self) -> bool {
        self.reach != Reach::Embedding
    }
}

/// Returns the models that an API lists.
pub(super) fn listed(api: Api) -> impl Iterator<Item = &'static Model> {
    MODELS
        .iter()
        .filter(move |model| model.reach != Reach::Latest || api.has_latest_names())
}

/// Finds the model that answers for `id`: another one than asked for, where
/// Google has replaced it.
///
/// # Errors
///
/// 404 `NOT_FOUND`; `method` is for its text.
pub(super) fn find(id: &str, api: Api, method: &str) -> Result<&'static Model, ApiError> {
    let named = named(id, api).filter(|model| model.generates());
    let answering = named.and_then(|model| match model.replaced_by {
        Some(id) => MODELS.iter().find(|model| model.id == id),
        None => Some(model),
    });
    answering.ok_or_else(|| {
        if api.is_vertex() {
            return no_such_model(&format!("publishers/google/models/{id}"));
        }
        ApiError::not_found(format!(
            "models/{id} is not found for API version {}, or is not supported for {method}. Call \
             ListModels to see the list of available models and their supported methods.",
            api.version()
        ))
    })
}

/// Returns Vertex's 404 for a model, Google's or not.
pub(crate) fn no_such_model(name: &str) -> ApiError {
    ApiError::not_found(format!(
        "Publisher Model `{name}` was not found or your project does not have access to it. \
         Please ensure you are using a valid model version."
    ))
}

/// Finds a model of the list.
pub(super) fn named(id: &str, api: Api) -> Option<&'static Model> {
    listed(api).find(|model| model.id == id)
}
