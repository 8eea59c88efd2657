//! Everything that OpenAI refuses about a chat completion request.

use serde_json::Value;

use super::error::ApiError;
use super::models::{self, Model, Window};
use super::request::Request;
use super::usage;
use crate::strict;

mod dialogue;
mod format;
mod ranges;
mod sampling;
mod tools;

pub(super) use tools::Choice;

/// A request that the vendor would answer.
pub(super) struct Checked {
    pub(super) request: Request,
    pub(super) model: &'static Model,
    /// The effort named, or the model's own.
    pub(super) effort: &'static str,
    pub(super) choice: Choice,
    pub(super) stop: Vec<String>,
    pub(super) input_tokens: u64,
    /// The output limit, in thinking and text together.
    pub(super) max_tokens: u64,
}

/// Reads and checks a request.
///
/// # Errors
///
/// The first thing that the vendor would refuse.
pub(super) fn check(document: &Value) -> Result<Checked, ApiError> {
    let request: Request = strict::read(document)?;
    let model = models::find(&request.model)?;
    ranges::check(&request)?;
    let stop = ranges::stop_sequences(request.stop.as_ref())?;
    let effort = sampling::effort(&request, model)?;
    sampling::check(&request, model, effort)?;
    let choice = tools::check(&request, model, effort)?;
    format::check(&request)?;
    check_stream(&request)?;
    dialogue::check(&request.messages)?;
    let input_tokens = usage::input_tokens(&request);
    let max_tokens = output_limit(&request, model)?;
    check_window(&request, model, input_tokens, max_tokens)?;
    Ok(Checked {
        request,
        model,
        effort,
        choice,
        stop,
        input_tokens,
        max_tokens,
    })
}

fn check_stream(request: &Request) -> Result<(), ApiError> {
    if request.stream_options.is_some() && request.stream != Some(true) {
        return Err(ApiError::invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        )
        .at("stream_options"));
    }
    Ok(())
}

fn output_limit(request: &Request, model: &Model) -> Result<u64, ApiError> {
    let (param, asked) = match (request.max_completion_tokens, request.max_tokens) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid(
                "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not \
                 supported.",
            )
            .coded("invalid_parameter_combination"));
        }
        (Some(limit), None) => ("max_completion_tokens", limit.unsigned_abs()),
        (None, Some(limit)) => ("max_tokens", limit.unsigned_abs()),
        (None, None) => return Ok(model.max_output),
    };
    if asked > model.max_output {
        return Err(ApiError::invalid(format!(
            "{param} is too large: {asked}. This model supports at most {} completion tokens, \
             whereas you provided {asked}.",
            model.max_output
        ))
        .at(param)
        .coded("invalid_value"));
    }
    Ok(asked)
}

fn check_window(request: &Request, model: &Model, input: u64, output: u64) -> Result<(), ApiError> {
    let limited = request
        .max_completion_tokens
        .or(request.max_tokens)
        .is_some();
    let message = match model.window {
        Window::Input(window) | Window::Total(window) if input > window => format!(
            "This model's maximum context length is {window} tokens. However, your messages \
             resulted in {input} tokens. Please reduce the length of the messages."
        ),
        Window::Total(window) if limited && input + output > window => format!(
            "This model's maximum context length is {window} tokens. However, you requested {} \
             tokens ({input} in the messages, {output} in the completion). Please reduce the \
             length of the messages or completion.",
            input + output
        ),
        Window::Input(_) | Window::Total(_) => return Ok(()),
    };
    Err(ApiError::invalid(message)
        .at("messages")
        .coded("context_length_exceeded"))
}
