//! Numbers within their ranges, and what a model does not take at all.

use super::{Api, ApiError, Delivery, Family, GenerationConfig, Model};

/// Answers to one request at most.
const MAX_CANDIDATES: i64 = 8;
const MAX_STOP_SEQUENCES: usize = 5;

pub(super) fn check(
    config: &GenerationConfig,
    model: &Model,
    delivery: Delivery,
    api: Api,
) -> Result<(), ApiError> {
    let rule = |field: &str, problem: &str| {
        Err(ApiError::rule(
            api,
            &format!("generation_config.{field}"),
            problem,
        ))
    };
    let outside = |value: Option<f64>, low: f64, high: f64| {
        value.is_some_and(|value| !(low..=high).contains(&value))
    };
    if outside(config.temperature, 0.0, 2.0) {
        return rule("temperature", "temperature must be in the range [0.0, 2.0]");
    }
    if outside(config.top_p, 0.0, 1.0) {
        return rule("top_p", "top_p must be in the range [0.0, 1.0]");
    }
    if config.top_k.is_some_and(|top_k| top_k < 1.0) {
        return rule("top_k", "top_k must be positive");
    }
    if config.stop_sequences.len() > MAX_STOP_SEQUENCES {
        return rule("stop_sequences", "there must be at most 5 stop sequences");
    }
    if config.stop_sequences.iter().any(String::is_empty) {
        return rule("stop_sequences", "a stop sequence must not be empty");
    }
    if config
        .response_modalities
        .iter()
        .any(|modality| modality != "TEXT")
    {
        return Err(ApiError::invalid(
            "The requested combination of response modalities is not supported by the model.",
        ));
    }
    check_candidates(config, model, api)?;
    check_penalties(config, model, api)?;
    if config.response_logprobs || config.logprobs.is_some() {
        return Err(ApiError::invalid(format!(
            "Logprobs is not enabled for models/{}",
            model.id
        )));
    }
    check_output(config, model, delivery)
}

fn check_candidates(config: &GenerationConfig, model: &Model, api: Api) -> Result<(), ApiError> {
    let Some(count) = config.candidate_count else {
        return Ok(());
    };
    if !(1..=MAX_CANDIDATES).contains(&count) {
        return Err(ApiError::rule(
            api,
            "generation_config.candidate_count",
            "candidate_count must be in the range [1, 8]",
        ));
    }
    if count > 1 && model.family == Family::New {
        return Err(ApiError::invalid(
            "Multiple candidates is not enabled for this model",
        ));
    }
    Ok(())
}

fn check_penalties(config: &GenerationConfig, model: &Model, api: Api) -> Result<(), ApiError> {
    for (field, value) in [
        ("presence_penalty", config.presence_penalty),
        ("frequency_penalty", config.frequency_penalty),
    ] {
        let Some(value) = value else { continue };
        if model.family == Family::New {
            return Err(ApiError::invalid(format!(
                "Penalty is not enabled for models/{}",
                model.id
            )));
        }
        if !(-2.0..2.0).contains(&value) {
            return Err(ApiError::rule(
                api,
                &format!("generation_config.{field}"),
                "the penalty must be in the range [-2.0, 2.0)",
            ));
        }
    }
    Ok(())
}

fn check_output(
    config: &GenerationConfig,
    model: &Model,
    delivery: Delivery,
) -> Result<(), ApiError> {
    let Some(asked) = config.max_output_tokens else {
        return Ok(());
    };
    let most = most_output(model, delivery);
    let in_range = u64::try_from(asked).is_ok_and(|asked| (1..=most).contains(&asked));
    if in_range {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Unable to submit request because it has a maxOutputTokens value of {asked} but the \
         supported range is from 1 (inclusive) to {} (exclusive). Update the value and try again.",
        most + 1
    )))
}

/// Returns the output limit of a model for this kind of answer.
pub(super) fn most_output(model: &Model, delivery: Delivery) -> u64 {
    match delivery {
        Delivery::Whole => model.max_whole_output,
        Delivery::Events | Delivery::Array => model.max_output,
    }
}
