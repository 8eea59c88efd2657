//! Tools, and which of them must be called.

use serde_json::Value;

use super::ranges::empty_array;
use crate::openai::error::ApiError;
use crate::openai::models::{Model, Tools};
use crate::openai::request::{AllowedMode, NamedToolChoice, Request, Tool, ToolChoiceWord};
use crate::strict::read_member;

/// Most tools of one request.
const MAX_TOOLS: usize = 128;

/// Which tool must be called.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::openai) enum Choice {
    Auto,
    Never,
    Any,
    Named(String),
}

pub(super) fn check(request: &Request, model: &Model, effort: &str) -> Result<Choice, ApiError> {
    let Some(tools) = &request.tools else {
        return without_tools(request);
    };
    if tools.is_empty() {
        return Err(empty_array("tools"));
    }
    if tools.len() > MAX_TOOLS {
        return Err(ApiError::out_of_range(
            "tools",
            "array_above_max_length",
            &format!(
                "array too long. Expected an array with maximum length {MAX_TOOLS}, but got an \
                 array with length {} instead.",
                tools.len()
            ),
        ));
    }
    if model.tools == Tools::WithoutReasoning && effort != "none" {
        return Err(ApiError::invalid(format!(
            "Function tools with reasoning_effort are not supported for {} in \
             /v1/chat/completions. To use function tools, use /v1/responses or set \
             reasoning_effort to 'none'.",
            model.id
        ))
        .at("reasoning_effort"));
    }
    check_functions(tools)?;
    choice(request.tool_choice.as_ref(), tools)
}

fn without_tools(request: &Request) -> Result<Choice, ApiError> {
    let given = [
        ("tool_choice", request.tool_choice.is_some()),
        ("parallel_tool_calls", request.parallel_tool_calls.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((param, _)) => Err(ApiError::invalid(format!(
            "Invalid value for '{param}': '{param}' is only allowed when 'tools' are specified."
        ))
        .at(*param)),
        None => Ok(Choice::Never),
    }
}

fn check_functions(tools: &[Tool]) -> Result<(), ApiError> {
    for (index, Tool::Function(tool)) in tools.iter().enumerate() {
        let function = &tool.function;
        let param = format!("tools[{index}].function.name");
        check_name(&param, &function.name)?;
        let schema = function.parameters.as_ref();
        let kind = schema
            .and_then(|schema| schema.get("type"))
            .and_then(Value::as_str);
        let is_object = schema.is_none_or(|schema| schema.is_empty()) || kind == Some("object");
        if !is_object {
            return Err(ApiError::invalid(format!(
                "Invalid schema for function '{}': schema must be a JSON Schema of 'type: \
                 \"object\"', got 'type: \"{}\"'.",
                function.name,
                kind.unwrap_or("None")
            ))
            .at(format!("tools[{index}].function.parameters"))
            .coded("invalid_function_parameters"));
        }
        if let (Some(true), Some(schema)) = (function.strict, schema) {
            super::format::check_strict(schema.as_value(), &function.name)
                .map_err(|error| error.at(format!("tools[{index}].function.parameters")))?;
        }
    }
    Ok(())
}

/// Checks the pattern that function names and schema names share.
pub(super) fn check_name(param: &str, name: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(ApiError::out_of_range(
            param,
            "invalid_value",
            "string does not match pattern. Expected a string that matches the pattern \
             '^[a-zA-Z0-9_-]{1,64}$'.",
        ));
    }
    Ok(())
}

fn choice(given: Option<&Value>, tools: &[Tool]) -> Result<Choice, ApiError> {
    let choice = match given {
        None => return Ok(Choice::Auto),
        Some(word @ Value::String(_)) => {
            return Ok(match read_member("tool_choice", word)? {
                ToolChoiceWord::None => Choice::Never,
                ToolChoiceWord::Auto => Choice::Auto,
                ToolChoiceWord::Required => Choice::Any,
            });
        }
        Some(object) => read_member::<NamedToolChoice>("tool_choice", object)?,
    };
    let named = match &choice {
        NamedToolChoice::Function(named) => named,
        NamedToolChoice::AllowedTools(allowed) => {
            return Ok(match allowed.allowed_tools.mode {
                AllowedMode::Auto => Choice::Auto,
                AllowedMode::Required => match allowed.allowed_tools.tools.first() {
                    Some(NamedToolChoice::Function(named)) => {
                        Choice::Named(named.function.name.clone())
                    }
                    _ => Choice::Any,
                },
            });
        }
    };
    let name = &named.function.name;
    let exists = tools
        .iter()
        .any(|Tool::Function(tool)| tool.function.name == *name);
    if !exists {
        return Err(ApiError::invalid(format!(
            "Invalid value for 'tool_choice': no function named '{name}' was specified in the \
             'tools' parameter."
        ))
        .at("tool_choice"));
    }
    Ok(Choice::Named(name.clone()))
}
