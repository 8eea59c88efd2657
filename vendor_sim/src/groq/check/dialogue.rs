//! Messages: their content, and tool calls with their answers.

use std::collections::BTreeSet;

use crate::groq::error::ApiError;
use crate::groq::request::{AssistantMessage, Message, ToolCall, UserPart};
use crate::strict::Content;

pub(super) fn check(messages: &[Message], sees: bool) -> Result<(), ApiError> {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for (index, message) in messages.iter().enumerate() {
        match message {
            Message::System(message) | Message::Developer(message) => {
                check_parts(index, &message.content)?
            }
            Message::User(message) => {
                check_parts(index, &message.content)?;
                check_pictures(index, message.content.parts(), sees)?;
            }
            Message::Assistant(message) => {
                check_answered(index, &open)?;
                check_assistant(index, message)?;
                let calls = message.tool_calls.as_deref().unwrap_or_default();
                open = calls
                    .iter()
                    .map(|ToolCall::Function(call)| call.id.as_str())
                    .collect();
                if open.len() < calls.len() {
                    let place = format!("messages.{index}.tool_calls");
                    return Err(ApiError::must(&place, "each id must be unique"));
                }
                continue;
            }
            Message::Tool(message) => {
                check_parts(index, &message.content)?;
                if !open.remove(message.tool_call_id.as_str()) {
                    return Err(ApiError::must(
                        &format!("messages.{index}.tool_call_id"),
                        "no tool call of the previous assistant message has this id",
                    ));
                }
                continue;
            }
        }
        check_answered(index, &open)?;
    }
    check_answered(messages.len(), &open)
}

fn check_answered(index: usize, open: &BTreeSet<&str>) -> Result<(), ApiError> {
    if open.is_empty() {
        return Ok(());
    }
    let missing: Vec<_> = open.iter().copied().collect();
    let rule = format!(
        "tool calls without a result before this: {}",
        missing.join(", ")
    );
    Err(ApiError::must(&format!("messages.{index}"), &rule))
}

fn check_parts<P>(index: usize, content: &Content<P>) -> Result<(), ApiError> {
    match content {
        Content::Parts(parts) if parts.is_empty() => Err(ApiError::must(
            &format!("messages.{index}.content"),
            "minimum number of items is 1",
        )),
        Content::Parts(_) | Content::Text(_) => Ok(()),
    }
}

fn check_assistant(index: usize, message: &AssistantMessage) -> Result<(), ApiError> {
    match (&message.content, &message.tool_calls) {
        (None, None) => Err(ApiError::must(
            &format!("messages.{index}"),
            "for 'role:assistant' one of 'content' and 'tool_calls' is needed",
        )),
        (_, Some(calls)) if calls.is_empty() => Err(ApiError::must(
            &format!("messages.{index}.tool_calls"),
            "minimum number of items is 1",
        )),
        (Some(content), _) => check_parts(index, content),
        (None, Some(_)) => Ok(()),
    }
}

fn check_pictures(index: usize, parts: &[UserPart], sees: bool) -> Result<(), ApiError> {
    for part in parts {
        let UserPart::ImageUrl(part) = part else {
            continue;
        };
        let place = format!("messages.{index}.content");
        if !sees {
            return Err(ApiError::must(
                &place,
                "value must be a string for this model",
            ));
        }
        let url = &part.image_url.url;
        let is_data = url.starts_with("data:image/") && url.contains(";base64,");
        if !is_data && !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(ApiError::must(&place, "invalid image url"));
        }
    }
    Ok(())
}
