//! Everything that Google refuses about a request for an answer.

use serde_json::{Map, Value};

use super::Delivery;
use super::api::Api;
use super::error::ApiError;
use super::models::{self, Family, Model, Thinking, WINDOW, Window};
use super::request::{Content, FunctionDeclaration, GenerationConfig, Mode, Part, Request};
use super::usage::{self, InputTokens};
use super::{proto, signature};

mod contents;
mod format;
mod functions;
mod generation;
mod safety;
mod thinking;
mod tools;

/// A request that the vendor would answer.
pub(super) struct Checked {
    pub(super) request: Request,
    pub(super) model: &'static Model,
    /// How hard the model thinks; `none` if it does not.
    pub(super) effort: &'static str,
    pub(super) input: InputTokens,
    /// The output limit, in thinking and text together.
    pub(super) max_tokens: u64,
}

/// Reads and checks a request to the model `id`.
///
/// # Errors
///
/// The first thing that the vendor would refuse; of a document that does not
/// fit its type, all that is wrong.
pub(super) fn check(
    document: &Map<String, Value>,
    id: &str,
    api: Api,
    delivery: Delivery,
) -> Result<Checked, ApiError> {
    let request: Request = typed(proto::read(&proto::GENERATE_CONTENT, document, api)?)?;
    let model = models::find(id, api, delivery.method())?;
    check_model_member(&request, id)?;
    check_prompt(&request, model, api)?;
    generation::check(&request.generation_config, model, delivery, api)?;
    let effort = thinking::check(&request.generation_config, model)?;
    let input = usage::input_tokens(&request);
    let max_tokens = output_limit(&request.generation_config, model, delivery, input)?;
    Ok(Checked {
        request,
        model,
        effort,
        input,
        max_tokens,
    })
}

/// Checks what the model reads, which is what counting tokens needs.
pub(super) fn check_prompt(request: &Request, model: &Model, api: Api) -> Result<(), ApiError> {
    if request.cached_content.is_some() {
        // Caches are not played, so none exists.
        return Err(ApiError::forbidden(
            "CachedContent not found (or permission denied)",
        ));
    }
    contents::check(request, api)?;
    functions::check(&request.contents, model, api)?;
    tools::check(request, api)?;
    format::check(request, model, api)?;
    safety::check(&request.safety_settings, api)
}

/// Takes what the tables have let through.
pub(super) fn typed<T: serde::de::DeserializeOwned>(canonical: Value) -> Result<T, ApiError> {
    // The tables and the types speak of the same fields, so this cannot fail.
    serde_json::from_value(canonical).map_err(|error| ApiError::invalid(error.to_string()))
}

/// A body may name the model that the path names, and no other.
fn check_model_member(request: &Request, id: &str) -> Result<(), ApiError> {
    match request.model.as_deref() {
        Some(model) if model.strip_prefix("models/") != Some(id) => {
            Err(ApiError::invalid(format!(
                "The model in the request body ({model}) does not match the model in the URL \
                 (models/{id})."
            )))
        }
        _ => Ok(()),
    }
}

fn output_limit(
    config: &GenerationConfig,
    model: &Model,
    delivery: Delivery,
    input: InputTokens,
) -> Result<u64, ApiError> {
    let input = input.total();
    let left = WINDOW.saturating_sub(input);
    // A shared window must have room for at least one token of output.
    if input > WINDOW || (model.window == Window::Shared && left == 0) {
        return Err(ApiError::invalid(format!(
            "The input token count ({input}) exceeds the maximum number of tokens allowed \
             ({WINDOW})."
        )));
    }
    let most = generation::most_output(model, delivery);
    let asked = config.max_output_tokens.map_or(most, i64::unsigned_abs);
    Ok(match model.window {
        Window::Input => asked,
        Window::Shared => asked.min(left),
    })
}
