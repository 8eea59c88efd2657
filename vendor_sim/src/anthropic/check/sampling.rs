//! Temperature, `top_p`, `top_k` and stop sequences.

use super::{ApiError, Model, Request, Thinking};
use crate::anthropic::Version;
use crate::anthropic::models::Sampling;

pub(super) fn check(request: &Request, model: &Model, version: Version) -> Result<(), ApiError> {
    let given = [
        ("temperature", request.temperature.is_some()),
        ("top_p", request.top_p.is_some()),
        ("top_k", request.top_k.is_some()),
    ];
    if let Some((member, _)) = given.iter().find(|(_, given)| *given) {
        if version == Version::V2026 {
            return Err(ApiError::extra(member));
        }
        if model.sampling == Sampling::Never {
            return Err(ApiError::invalid(format!(
                "`{member}` is deprecated for this model."
            )));
        }
    }
    check_ranges(request)?;
    if request.temperature.is_some() && request.top_p.is_some() {
        return Err(ApiError::invalid(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only \
             one.",
        ));
    }
    if matches!(
        request.thinking,
        Some(Thinking::Enabled(_) | Thinking::Adaptive(_))
    ) {
        check_beside_thinking(request)?;
    }
    let blank = |stop: &String| stop.trim().is_empty();
    if request.stop_sequences.iter().flatten().any(blank) {
        return Err(ApiError::invalid(
            "stop_sequences: each stop sequence must contain non-whitespace",
        ));
    }
    Ok(())
}

fn check_ranges(request: &Request) -> Result<(), ApiError> {
    for (member, value) in [
        ("temperature", request.temperature),
        ("top_p", request.top_p),
    ] {
        let bound = match value {
            Some(value) if value < 0.0 => "greater than or equal to 0",
            Some(value) if value > 1.0 => "less than or equal to 1",
            _ => continue,
        };
        return Err(ApiError::invalid(format!(
            "{member}: Input should be {bound}"
        )));
    }
    if request.top_k.is_some_and(|top_k| top_k < 0) {
        return Err(ApiError::invalid(
            "top_k: Input should be greater than or equal to 0",
        ));
    }
    Ok(())
}

fn check_beside_thinking(request: &Request) -> Result<(), ApiError> {
    const DOCUMENTATION: &str = "Please consult our documentation at \
         https://docs.claude.com/en/docs/build-with-claude/extended-thinking";
    let problem = if request.temperature.is_some_and(|value| value < 1.0) {
        "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode."
    } else if request.top_p.is_some_and(|value| value < 0.95) {
        "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled or in \
         adaptive mode."
    } else if request.top_k.is_some() {
        "`top_k` must be unset when thinking is enabled or in adaptive mode."
    } else {
        return Ok(());
    };
    Err(ApiError::invalid(format!("{problem} {DOCUMENTATION}")))
}
