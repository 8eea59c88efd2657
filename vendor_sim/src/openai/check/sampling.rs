//! Effort, and the parameters that models which reason do not take.

use crate::openai::error::{ApiError, listed};
use crate::openai::models::{Model, Sampling};
use crate::openai::request::{Request, Verbosity};

/// Returns the effort that the model will use.
pub(super) fn effort(request: &Request, model: &Model) -> Result<&'static str, ApiError> {
    let Some(effort) = request.reasoning_effort else {
        return Ok(model.default_effort);
    };
    if !model.reasons() {
        return Err(ApiError::invalid(
            "Unrecognized request argument supplied: reasoning_effort",
        ));
    }
    let name = effort.name();
    if model.efforts.contains(&name) {
        return Ok(name);
    }
    let problem = format!(
        "does not support '{name}' with this model. Supported values are: {}.",
        listed(model.efforts)
    );
    Err(ApiError::unsupported_value("reasoning_effort", &problem))
}

pub(super) fn check(request: &Request, model: &Model, effort: &str) -> Result<(), ApiError> {
    if model.reasons() {
        check_never_taken(request)?;
    } else if request
        .verbosity
        .is_some_and(|verbosity| verbosity != Verbosity::Medium)
    {
        let problem =
            "does not support this value with this model. Supported values are: 'medium'.";
        return Err(ApiError::unsupported_value("verbosity", problem));
    }
    match model.sampling {
        Sampling::Always => Ok(()),
        Sampling::WithoutReasoning if effort == "none" => Ok(()),
        Sampling::WithoutReasoning | Sampling::Never => check_sampling(request),
    }
}

fn check_never_taken(request: &Request) -> Result<(), ApiError> {
    let unsupported = ApiError::unsupported_parameter;
    if request.max_tokens.is_some() {
        return Err(unsupported(
            "max_tokens",
            " Use 'max_completion_tokens' instead.",
        ));
    }
    let others = [
        ("stop", request.stop.is_some()),
        ("frequency_penalty", request.frequency_penalty.is_some()),
        ("presence_penalty", request.presence_penalty.is_some()),
        ("logit_bias", request.logit_bias.is_some()),
    ];
    match others.iter().find(|(_, given)| *given) {
        Some((param, _)) => Err(unsupported(param, "")),
        None => Ok(()),
    }
}

/// Refuses sampling parameters at every value. Some models take the default of
/// 1; a client that relies on that would still break on the others.
fn check_sampling(request: &Request) -> Result<(), ApiError> {
    let only_default = |param, value| {
        let problem = format!(
            "does not support {value} with this model. Only the default (1) value is supported."
        );
        Err(ApiError::unsupported_value(param, &problem))
    };
    match (request.temperature, request.top_p) {
        (Some(value), _) => return only_default("temperature", value),
        (None, Some(value)) => return only_default("top_p", value),
        (None, None) => {}
    }
    if request.logprobs == Some(true) {
        return Err(ApiError::unsupported_parameter("logprobs", ""));
    }
    Ok(())
}
