//! Tools, their calls and results: what every vendor wants of them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::faults::Faults;
use crate::domain::{ContentPart, Message, ResponseFormat, Role, Tool, ToolChoice};

/// The most tools of one request, and the longest name of one: what the most
/// generous vendor takes. The others' bounds are in the catalogue.
const MAX_TOOLS: usize = 1_024;
const MAX_TOOL_NAME: usize = 128;
/// The longest name of a schema.
const MAX_SCHEMA_NAME: usize = 64;

/// Checks names, schemas and the choice.
pub(super) fn check_tools(faults: &mut Faults, tools: &[Tool], choice: Option<&ToolChoice>) {
    if tools.len() > MAX_TOOLS {
        let reason = format!("has {} items, at most {MAX_TOOLS}", tools.len());
        return faults.add("tools", reason);
    }
    let mut names = BTreeSet::new();
    for (index, tool) in tools.iter().enumerate() {
        if !is_name(&tool.name, MAX_TOOL_NAME) {
            let reason = "must have 1 to 128 letters, digits, _ and -";
            faults.add(&format!("tools[{index}].name"), reason);
        } else if !names.insert(tool.name.as_str()) {
            faults.add(&format!("tools[{index}].name"), "is there twice");
        }
        if tool.parameters.get("type").and_then(Value::as_str) != Some("object") {
            let reason = "must be a JSON schema of type object";
            faults.add(&format!("tools[{index}].parameters"), reason);
        }
    }
    match choice {
        Some(ToolChoice::Named(name)) if !names.contains(name.as_str()) => {
            faults.add("tool_choice", "names none of the tools");
        }
        Some(ToolChoice::Required) if tools.is_empty() => {
            faults.add("tool_choice", "requires a tool, and there is none");
        }
        _ => {}
    }
}

/// Checks the name of a schema.
pub(super) fn check_format(faults: &mut Faults, format: &ResponseFormat) {
    if let ResponseFormat::JsonSchema { name, .. } = format
        && !is_name(name, MAX_SCHEMA_NAME)
    {
        let reason = "must have 1 to 64 letters, digits, _ and -";
        faults.add("response_format.json_schema.name", reason);
    }
}

/// Checks that pictures come from the user, and that each call is answered
/// by the messages right after it.
pub(super) fn check_parts(faults: &mut Faults, messages: &[Message]) {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for (index, message) in messages.iter().enumerate() {
        let place = format!("messages[{index}]");
        let has_picture = message
            .content
            .iter()
            .any(|part| matches!(part, ContentPart::Image(_)));
        if has_picture && message.role != Role::User {
            faults.add(&place, "pictures may stand in messages of role user alone");
        }
        if message.role != Role::Tool && !open.is_empty() {
            faults.add(&place, "comes before the result of every tool call");
            open.clear();
        }
        for part in &message.content {
            match part {
                ContentPart::ToolCall(call) if call.id.is_empty() || !open.insert(&call.id) => {
                    faults.add(&place, "has a tool call without an id of its own");
                }
                ContentPart::ToolResult(result) if !open.remove(result.call_id.as_str()) => {
                    faults.add(&place, "answers no tool call right before it");
                }
                _ => {}
            }
        }
    }
    if !open.is_empty() {
        faults.add("messages", "end before the result of every tool call");
    }
}

fn is_name(name: &str, most: usize) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=most).contains(&name.len()) && name.bytes().all(is_sign)
}
