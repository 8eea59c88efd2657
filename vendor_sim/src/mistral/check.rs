//! Everything that Mistral refuses about a chat completion request.

use http::StatusCode;
use serde_json::{Value, json};

use super::error::ApiError;
use super::finding::Finding;
use super::models::{self, Model, Reasoning};
use super::request::Request;
use super::usage;
use crate::strict;

mod calls;
mod content;
mod dialogue;
mod ranges;
mod tools;

pub(super) use tools::Choice;

/// A request that the vendor would answer.
pub(super) struct Checked {
    pub(super) request: Request,
    pub(super) model: &'static Model,
    /// `none` or `high`.
    pub(super) effort: &'static str,
    pub(super) choice: Choice,
    pub(super) input_tokens: u64,
    /// The output limit: the one asked for, or what the window leaves.
    pub(super) max_tokens: u64,
}

/// Reads and checks a request: the validator comes first, and the model's own
/// rules last.
///
/// # Errors
///
/// The first thing that the vendor would refuse.
pub(super) fn check(document: &Value) -> Result<Checked, ApiError> {
    let request: Request =
        strict::read(document).map_err(|mismatch| Finding::of_mismatch(mismatch, document))?;
    ranges::check(&request)?;
    let model = models::find(&request.model)
        .ok_or_else(|| ApiError::no_such_model(StatusCode::BAD_REQUEST, &request.model))?;
    let effort = effort(&request, model)?;
    check_sampling(&request, effort)?;
    let choice = tools::check(&request)?;
    dialogue::check(&request.messages)?;
    calls::check(&request.messages)?;
    content::check(&request.messages, model)?;
    let input_tokens = usage::input_tokens(&request);
    let max_tokens = output_limit(&request, model, input_tokens)?;
    Ok(Checked {
        request,
        model,
        effort,
        choice,
        input_tokens,
        max_tokens,
    })
}

/// The published words are `none` and `high`; the API reads more and refuses
/// them by model, in words that public threads quote.
fn effort(request: &Request, model: &Model) -> Result<&'static str, ApiError> {
    const READ: [&str; 6] = ["none", "minimal", "low", "medium", "high", "xhigh"];
    if request.prompt_mode.is_some() {
        return Err(ApiError::invalid_args(
            "Reasoning prompt mode is not enabled for this model",
        ));
    }
    let Some(word) = request.reasoning_effort.as_deref() else {
        return Ok("none");
    };
    match (model.reasoning, word) {
        _ if !READ.contains(&word) => Err(Finding::about(
            "reasoning_effort",
            "enum",
            "Input should be 'high' or 'none'",
            word.into(),
        )
        .in_context(json!({"expected": "'high' or 'none'"}))
        .into()),
        (Reasoning::Never, _) => Err(ApiError::invalid_args(
            "reasoning_effort is not enabled for this model",
        )),
        (Reasoning::Adjustable, "none") => Ok("none"),
        (Reasoning::Adjustable, "high") => Ok("high"),
        (Reasoning::Adjustable, _) => Err(ApiError::invalid_args(format!(
            "reasoning_effort='{word}' is not supported for this model. Must be one of \
             (<ReasoningEffort.none: 'none'>, <ReasoningEffort.high: 'high'>)"
        ))),
    }
}

/// A model that thinks has a default of its own for `top_p`, so that leaving
/// it out is no way to say 1: measured by others on mistral-medium-3-5. The
/// default itself is chosen.
fn check_sampling(request: &Request, effort: &str) -> Result<(), ApiError> {
    let default = if effort == "high" { 0.95 } else { 1.0 };
    let is_greedy = request.temperature == Some(0.0);
    if is_greedy && request.top_p.unwrap_or(default) < 1.0 {
        return Err(ApiError::invalid_args(
            "top_p must be 1 when using greedy sampling.",
        ));
    }
    Ok(())
}

fn output_limit(request: &Request, model: &Model, input: u64) -> Result<u64, ApiError> {
    let too_long = |asked: u64| {
        ApiError::invalid_args(format!(
            "Prompt contains {input} tokens and {asked} requested tokens, too large for model \
             with {} maximum context length",
            model.window
        ))
    };
    let left = model.window.checked_sub(input).ok_or_else(|| too_long(0))?;
    let Some(asked) = request.max_tokens else {
        return Ok(left);
    };
    let asked = asked.unsigned_abs();
    if asked >= model.window {
        // Also with an empty prompt, and by the validator: public threads
        // report 422 here, without its words.
        let limit = model.window;
        let message = format!("Input should be less than {limit}");
        let finding = Finding::about("max_tokens", "less_than", message, asked.into());
        return Err(finding.in_context(json!({"lt": limit})).into());
    }
    if asked > left {
        return Err(too_long(asked));
    }
    Ok(asked)
}
