//! Thinking, by level or by budget.

use super::{ApiError, GenerationConfig, Model, Thinking};

/// The budget that leaves the choice to the model.
const OWN_CHOICE: i64 = -1;

/// Returns how hard the model thinks; `none` if it does not.
pub(super) fn check(config: &GenerationConfig, model: &Model) -> Result<&'static str, ApiError> {
    let asked = &config.thinking_config;
    let level = asked
        .thinking_level
        .as_deref()
        .filter(|level| *level != "THINKING_LEVEL_UNSPECIFIED");
    if level.is_some() && asked.thinking_budget.is_some() {
        return Err(ApiError::invalid(
            "You can only set only one of thinking budget and thinking level.",
        ));
    }
    let effort = match (level, asked.thinking_budget) {
        (Some(level), _) => of_level(level, model)?,
        (None, Some(budget)) => of_budget(budget, model)?,
        (None, None) => match model.thinking {
            Thinking::Budget { unasked, .. } | Thinking::Level { unasked, .. } => unasked,
        },
    };
    if asked.include_thoughts && effort == "none" {
        return Err(ApiError::invalid(
            "Unable to submit request because Thinking_config.include_thoughts is only enabled \
             when thinking is enabled.",
        ));
    }
    Ok(effort)
}

fn of_level(level: &str, model: &Model) -> Result<&'static str, ApiError> {
    let Thinking::Level { known, .. } = model.thinking else {
        return Err(ApiError::invalid(
            "Thinking level is not supported for this model.",
        ));
    };
    if !known.contains(&level) {
        return Err(ApiError::invalid(format!(
            "Thinking level {level} is not supported for this model. Please retry with other \
             thinking level."
        )));
    }
    Ok(match level {
        "MINIMAL" => "minimal",
        "LOW" => "low",
        "MEDIUM" => "medium",
        _ => "high",
    })
}

fn of_budget(budget: i64, model: &Model) -> Result<&'static str, ApiError> {
    let (low, high, stops, unasked) = match model.thinking {
        Thinking::Budget {
            low,
            high,
            stops,
            unasked,
        } => (low, high, stops, unasked),
        Thinking::Level {
            max_budget: Some(high),
            unasked,
            ..
        } => (1, high, false, unasked),
        Thinking::Level {
            max_budget: None, ..
        } => {
            return Err(ApiError::invalid(
                "Thinking budget is not supported for this model. Please use thinking level.",
            ));
        }
    };
    match budget {
        OWN_CHOICE if unasked == "none" => Ok("low"),
        OWN_CHOICE => Ok(unasked),
        0 if stops => Ok("none"),
        0 => Err(ApiError::invalid(
            "Budget 0 is invalid. This model only works in thinking mode.",
        )),
        budget if !(low..=high).contains(&budget) => Err(ApiError::invalid(format!(
            "The thinking budget {budget} is invalid. Please choose a value between {low} and \
             {high}."
        ))),
        ..=127 => Ok("minimal"),
        128..=1_023 => Ok("low"),
        1_024..=8_191 => Ok("medium"),
        _ => Ok("high"),
    }
}
