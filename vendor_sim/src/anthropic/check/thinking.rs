//! Thinking and effort.

use super::{ApiError, Model, Request, Thinking};
use crate::anthropic::models::Thinking as Ability;
use crate::anthropic::request::Effort;

/// The least budget that the API takes.
const MIN_BUDGET: i64 = 1_024;

/// Returns how hard the model thinks; `none` if it does not.
pub(super) fn check(request: &Request, model: &Model) -> Result<&'static str, ApiError> {
    let effort = effort(request, model)?;
    let refused = |kind: &str, hint: &str| {
        Err(ApiError::invalid(format!(
            "\"thinking.type.{kind}\" is not supported for this model.{hint}"
        )))
    };
    let thinks = match (&request.thinking, model.thinking) {
        (None, ability) => ability == Ability::AlwaysOn,
        (Some(Thinking::Enabled(_)), Ability::AlwaysOn | Ability::Adaptive) => {
            return refused(
                "enabled",
                " Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking \
                 behavior.",
            );
        }
        (Some(Thinking::Enabled(budget)), _) => {
            check_budget(budget.budget_tokens, request.max_tokens)?;
            true
        }
        (Some(Thinking::Adaptive(_)), Ability::Budget) => {
            return Err(ApiError::invalid(
                "adaptive thinking is not supported on this model",
            ));
        }
        (Some(Thinking::Adaptive(_)), _) => true,
        (Some(Thinking::Disabled), Ability::AlwaysOn) => return refused("disabled", ""),
        (Some(Thinking::BetweenTools), Ability::AlwaysOn | Ability::Budget) => {
            return refused("between_tools", "");
        }
        (Some(Thinking::Disabled | Thinking::BetweenTools), _) => false,
    };
    Ok(if thinks { effort } else { "none" })
}

fn check_budget(budget: i64, max_tokens: i64) -> Result<(), ApiError> {
    if budget < MIN_BUDGET {
        return Err(ApiError::invalid(format!(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to {MIN_BUDGET}"
        )));
    }
    if budget >= max_tokens {
        return Err(ApiError::invalid(
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our \
             documentation at \
             https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size",
        ));
    }
    Ok(())
}

fn effort(request: &Request, model: &Model) -> Result<&'static str, ApiError> {
    // The documented default; models without the parameter think about as much
    // as a middling budget allows.
    let default = if model.efforts.is_empty() {
        "medium"
    } else {
        "high"
    };
    let asked = request
        .output_config
        .as_ref()
        .and_then(|config| config.effort);
    let Some(name) = asked.map(Effort::name) else {
        return Ok(default);
    };
    if model.efforts.is_empty() {
        return Err(ApiError::invalid(
            "This model does not support the effort parameter.",
        ));
    }
    if !model.efforts.contains(&name) {
        return Err(ApiError::invalid(format!(
            "This model does not support effort level '{name}'. Supported levels: {}.",
            model.efforts.join(", ")
        )));
    }
    Ok(name)
}
