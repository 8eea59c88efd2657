//! Everything that Anthropic refuses about a messages request.

use serde_json::Value;

use super::Version;
use super::error::ApiError;
use super::models::{self, Model};
use super::request::{Request, Thinking, ToolChoice};
use super::usage;
use crate::strict;

mod caching;
mod dialogue;
mod format;
mod sampling;
mod thinking;
mod tools;

/// A request that the vendor would answer.
pub(super) struct Checked {
    pub(super) request: Request,
    pub(super) model: &'static Model,
    /// How hard the model thinks; `none` if it does not.
    pub(super) effort: &'static str,
    pub(super) input_tokens: u64,
}

/// Reads and checks a request for an answer.
///
/// # Errors
///
/// The first thing that the vendor would refuse.
pub(super) fn check(document: &Value, version: Version) -> Result<Checked, ApiError> {
    let checked = check_prompt(document, version)?;
    check_limits(&checked)?;
    Ok(checked)
}

/// Checks all but the request's size, which is what counting tokens needs.
///
/// # Errors
///
/// The first thing that the vendor would refuse.
pub(super) fn check_prompt(document: &Value, version: Version) -> Result<Checked, ApiError> {
    let request: Request = strict::read(document)?;
    let model = models::find(&request.model)?;
    let effort = thinking::check(&request, model)?;
    sampling::check(&request, model, version)?;
    tools::check(&request, effort)?;
    format::check(&request)?;
    caching::check(&request)?;
    dialogue::check(&request, model, effort)?;
    let input_tokens = usage::input_tokens(&request);
    Ok(Checked {
        request,
        model,
        effort,
        input_tokens,
    })
}

fn check_limits(checked: &Checked) -> Result<(), ApiError> {
    let (model, input) = (checked.model, checked.input_tokens);
    let asked = checked.request.max_tokens;
    if asked < 1 {
        return Err(ApiError::invalid(
            "max_tokens: Input should be greater than or equal to 1",
        ));
    }
    let asked = asked.unsigned_abs();
    if asked > model.max_output {
        return Err(ApiError::invalid(format!(
            "max_tokens: {asked} > {}, which is the maximum allowed number of output tokens for {}",
            model.max_output, model.id
        )));
    }
    if input > model.window {
        return Err(ApiError::invalid(format!(
            "prompt is too long: {input} tokens > {} maximum",
            model.window
        )));
    }
    if input + asked > model.window {
        return Err(ApiError::invalid(format!(
            "input length and `max_tokens` exceed context limit: {input} + {asked} > {}, decrease \
             input length or `max_tokens` and try again",
            model.window
        )));
    }
    Ok(())
}
