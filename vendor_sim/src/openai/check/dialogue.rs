//! Messages: their content, and tool calls with their answers.

use std::collections::BTreeSet;

use super::ranges::empty_array;
use crate::openai::error::ApiError;
use crate::openai::request::{AssistantMessage, File, Message, ToolCall, UserPart};
use crate::strict::Content;

pub(super) fn check(messages: &[Message]) -> Result<(), ApiError> {
    let mut open = OpenCalls::default();
    for (index, message) in messages.iter().enumerate() {
        if let Message::Tool(result) = message {
            check_parts(index, &result.content)?;
            open.answer(index, &result.tool_call_id)?;
            continue;
        }
        open.close()?;
        match message {
            Message::System(message) | Message::Developer(message) => {
                check_parts(index, &message.content)?;
            }
            Message::User(message) => {
                check_parts(index, &message.content)?;
                check_attachments(index, &message.content)?;
            }
            Message::Assistant(message) => open.ask(index, message)?,
            Message::Tool(_) => {}
        }
    }
    open.close()
}

fn check_parts<P>(index: usize, content: &Content<P>) -> Result<(), ApiError> {
    match content {
        Content::Parts(parts) if parts.is_empty() => {
            Err(empty_array(&format!("messages[{index}].content")))
        }
        Content::Parts(_) | Content::Text(_) => Ok(()),
    }
}

fn check_attachments(index: usize, content: &Content<UserPart>) -> Result<(), ApiError> {
    for (part_index, part) in content.parts().iter().enumerate() {
        let place = format!("messages[{index}].content[{part_index}]");
        match part {
            UserPart::Text(_) => {}
            UserPart::ImageUrl(image) => check_image(&place, &image.image_url.url)?,
            UserPart::File(part) => check_file(&place, &part.file)?,
        }
    }
    Ok(())
}

fn check_image(place: &str, url: &str) -> Result<(), ApiError> {
    const TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
    let is_data = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"))
        .is_some_and(|(kind, data)| TYPES.contains(&kind) && !data.is_empty());
    if is_data || url.starts_with("https://") || url.starts_with("http://") {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Invalid '{place}.image_url.url'. Expected a valid URL, or a base64-encoded data URL with \
         an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')."
    ))
    .at(format!("{place}.image_url.url"))
    .coded("invalid_value"))
}

fn check_file(place: &str, file: &File) -> Result<(), ApiError> {
    let is_inline = file.file_data.is_some() && file.filename.is_some();
    if is_inline != file.file_id.is_some() {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Invalid '{place}.file'. Expected either 'file_id', or 'file_data' with 'filename'."
    ))
    .at(format!("{place}.file"))
    .coded("invalid_value"))
}

/// The tool calls of the last assistant message that await their results.
#[derive(Default)]
struct OpenCalls<'a> {
    asked_at: usize,
    expected: BTreeSet<&'a str>,
    /// Whether the messages since are results only.
    in_results: bool,
}

impl<'a> OpenCalls<'a> {
    fn ask(&mut self, index: usize, message: &'a AssistantMessage) -> Result<(), ApiError> {
        let Some(calls) = &message.tool_calls else {
            self.in_results = false;
            if message.content.is_none() && message.refusal.is_none() {
                let param = format!("messages[{index}].content");
                return Err(ApiError::invalid(format!(
                    "Invalid value for '{param}': expected a string, got null."
                ))
                .at(param));
            }
            return message
                .content
                .as_ref()
                .map_or(Ok(()), |content| check_parts(index, content));
        };
        if calls.is_empty() {
            return Err(empty_array(&format!("messages[{index}].tool_calls")));
        }
        self.asked_at = index;
        self.in_results = true;
        self.expected = calls
            .iter()
            .map(|ToolCall::Function(call)| call.id.as_str())
            .collect();
        if self.expected.len() < calls.len() {
            return Err(ApiError::invalid("Duplicate value for 'tool_call_id'.")
                .at(format!("messages[{index}].tool_calls")));
        }
        Ok(())
    }

    fn answer(&mut self, index: usize, id: &str) -> Result<(), ApiError> {
        if !self.in_results {
            return Err(ApiError::invalid(
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding \
                 message with 'tool_calls'.",
            )
            .at(format!("messages.[{index}].role")));
        }
        if !self.expected.remove(id) {
            return Err(ApiError::invalid(format!(
                "Invalid parameter: 'tool_call_id' of '{id}' not found in 'tool_calls' of previous \
                 message."
            ))
            .at(format!("messages.[{index}].tool_call_id")));
        }
        Ok(())
    }

    /// Ends the results: nothing may be left open.
    fn close(&mut self) -> Result<(), ApiError> {
        self.in_results = false;
        if self.expected.is_empty() {
            return Ok(());
        }
        let missing: Vec<_> = self.expected.iter().copied().collect();
        Err(ApiError::invalid(format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding \
             to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
            missing.join(", ")
        ))
        .at(format!("messages.[{}].role", self.asked_at)))
    }
}
