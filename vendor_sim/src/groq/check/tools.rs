//! Tools, and which of them must be called.

use serde_json::Value;

use crate::groq::error::ApiError;
use crate::groq::request::{NamedToolChoice, Request, Tool, ToolChoiceWord};
use crate::strict::read_member;

/// Most tools of one request.
const MAX_TOOLS: usize = 128;

/// Which tool must be called.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::groq) enum Choice {
    Auto,
    Never,
    Any,
    Named(String),
}

pub(super) fn check(request: &Request) -> Result<Choice, ApiError> {
    let Some(tools) = request.tools.as_ref().filter(|tools| !tools.is_empty()) else {
        return match &request.tool_choice {
            None => Ok(Choice::Never),
            Some(word) if word == "none" || word == "auto" => Ok(Choice::Never),
            Some(_) => Err(ApiError::invalid(
                "Tool choice is required, but no tools were specified",
            )
            .at("tool_choice")),
        };
    };
    if tools.len() > MAX_TOOLS {
        let rule = format!("maximum number of items is {MAX_TOOLS}");
        return Err(ApiError::must("tools", &rule));
    }
    for (index, Tool::Function(tool)) in tools.iter().enumerate() {
        let function = &tool.function;
        check_name(&format!("tools.{index}.function.name"), &function.name)?;
        let schema = function.parameters.as_ref();
        let kind = schema.and_then(|schema| schema.get("type"));
        let is_empty = schema.is_none_or(|schema| schema.is_empty());
        if !is_empty && kind.and_then(Value::as_str) != Some("object") {
            return Err(ApiError::invalid(format!(
                "invalid JSON schema for tool {}, tools[{index}].function.parameters: `type` must \
                 be object",
                function.name
            )));
        }
    }
    choice(request.tool_choice.as_ref(), tools)
}

fn choice(given: Option<&Value>, tools: &[Tool]) -> Result<Choice, ApiError> {
    let named = match given {
        None | Some(Value::Null) => return Ok(Choice::Auto),
        Some(word @ Value::String(_)) => {
            return Ok(match read_member("tool_choice", word)? {
                ToolChoiceWord::None => Choice::Never,
                ToolChoiceWord::Auto => Choice::Auto,
                ToolChoiceWord::Required => Choice::Any,
            });
        }
        Some(object) => {
            let NamedToolChoice::Function(named) = read_member("tool_choice", object)?;
            named.function.name
        }
    };
    let mut functions = tools.iter().map(|Tool::Function(tool)| &tool.function);
    if functions.any(|function| function.name == named) {
        return Ok(Choice::Named(named));
    }
    let message = format!("tool choice `{named}` not found in request.tools");
    Err(ApiError::invalid(message).at("tool_choice"))
}

/// Checks the pattern that function names and schema names share.
pub(super) fn check_name(param: &str, name: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        let rule = "string does not match the pattern '^[a-zA-Z0-9_-]{1,64}$'";
        return Err(ApiError::must(param, rule));
    }
    Ok(())
}
