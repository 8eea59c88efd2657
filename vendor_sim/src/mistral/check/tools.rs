//! Tools, and which of them must be called.

use serde_json::json;

use crate::mistral::error::ApiError;
use crate::mistral::finding::Finding;
use crate::mistral::request::{Either, NamedTool, Request, Tool, ToolChoiceWord};
use crate::strict::read_member;

/// Which tool must be called.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::mistral) enum Choice {
    Auto,
    Never,
    Any,
    Named(String),
}

pub(super) fn check(request: &Request) -> Result<Choice, ApiError> {
    let tools = request.tools.as_deref().unwrap_or_default();
    for tool in tools {
        check_name(&tool.function.name)?;
        check_schema(tool)?;
    }
    let choice = choice(request.tool_choice.as_ref())?;
    let is_served = match &choice {
        Choice::Auto | Choice::Never => true,
        Choice::Any => !tools.is_empty(),
        Choice::Named(name) => tools.iter().any(|tool| tool.function.name == *name),
    };
    if is_served {
        Ok(choice)
    } else {
        Err(ApiError::invalid_args(
            "tool_choice asks for a tool that is not in tools.",
        ))
    }
}

/// Checks a name, which calls and tools spell alike.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(ApiError::function_call(format!(
        "Function name was {name} but must be a-z, A-Z, 0-9, or contain underscores and dashes, \
         with a maximum length of 64."
    )))
}

/// Checks the one keyword that every schema gets wrong first.
fn check_schema(Tool { function, .. }: &Tool) -> Result<(), ApiError> {
    const TYPES: [&str; 7] = [
        "object", "array", "string", "number", "integer", "boolean", "null",
    ];
    match function.parameters.get("type") {
        Some(kind) if !kind.is_array() && !kind.as_str().is_some_and(|k| TYPES.contains(&k)) => {
            Err(ApiError::function_call(format!(
                "Invalid tool schema: {kind} is not valid under any of the given schemas"
            )))
        }
        _ => Ok(()),
    }
}

fn choice(given: Option<&Either<NamedTool>>) -> Result<Choice, ApiError> {
    match given {
        None => Ok(Choice::Auto),
        Some(Either::Object(named)) => Ok(Choice::Named(named.function.name.clone())),
        Some(Either::Text(word)) => {
            let document = json!({"tool_choice": word});
            let word = read_member("tool_choice", &word.as_str().into())
                .map_err(|mismatch| Finding::of_mismatch(mismatch, &document))?;
            Ok(match word {
                ToolChoiceWord::Auto => Choice::Auto,
                ToolChoiceWord::None => Choice::Never,
                ToolChoiceWord::Any | ToolChoiceWord::Required => Choice::Any,
            })
        }
    }
}
