//! Tools, and which of them must be called.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ApiError, Request, ToolChoice};
use crate::anthropic::request::Tool;

pub(super) fn check(request: &Request, effort: &str) -> Result<(), ApiError> {
    let tools = request.tools.as_deref().unwrap_or_default();
    for (index, tool) in tools.iter().enumerate() {
        check_tool(index, tool)?;
    }
    let names: BTreeSet<_> = tools.iter().map(|tool| &tool.name).collect();
    if names.len() < tools.len() {
        return Err(ApiError::invalid("tools: Tool names must be unique."));
    }
    let Some(choice) = &request.tool_choice else {
        return Ok(());
    };
    if tools.is_empty() {
        return Err(ApiError::invalid(
            "tool_choice: may only be specified while providing tools",
        ));
    }
    if let ToolChoice::Tool(named) = choice
        && !names.contains(&named.name)
    {
        return Err(ApiError::invalid(format!(
            "tool_choice.name: Tool '{}' not found in provided tools",
            named.name
        )));
    }
    let forces = matches!(choice, ToolChoice::Any(_) | ToolChoice::Tool(_));
    if forces && effort != "none" {
        return Err(ApiError::invalid(
            "Thinking may not be enabled when tool_choice forces tool use.",
        ));
    }
    Ok(())
}

fn check_tool(index: usize, tool: &Tool) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if tool.name.is_empty() || tool.name.len() > 128 || !tool.name.chars().all(fits) {
        return Err(ApiError::invalid(format!(
            "tools.{index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        )));
    }
    let place = format!("tools.{index}.custom.input_schema.type");
    match tool.input_schema.get("type").map(Value::as_str) {
        Some(Some("object")) => Ok(()),
        Some(_) => Err(ApiError::invalid(format!(
            "{place}: Input should be 'object'"
        ))),
        None => Err(ApiError::invalid(format!("{place}: Field required"))),
    }
}
