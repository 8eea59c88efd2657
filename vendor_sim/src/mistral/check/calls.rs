//! Tool calls and their results.

use std::collections::BTreeSet;

use super::tools::check_name;
use crate::mistral::error::ApiError;
use crate::mistral::request::{Message, ToolCall};

pub(super) fn check(messages: &[Message]) -> Result<(), ApiError> {
    let mut open = OpenCalls::default();
    for message in messages {
        match message {
            Message::Tool(result) => open.answer(result.tool_call_id.as_deref())?,
            Message::Assistant(message) => {
                open.close()?;
                open.ask(message.tool_calls.as_deref().unwrap_or_default())?;
            }
            Message::System(_) | Message::User(_) => open.close()?,
        }
    }
    open.close()
}

/// The tool calls of the last assistant message that await their results.
#[derive(Default)]
struct OpenCalls<'a> {
    expected: BTreeSet<&'a str>,
}

impl<'a> OpenCalls<'a> {
    fn ask(&mut self, calls: &'a [ToolCall]) -> Result<(), ApiError> {
        for call in calls {
            check_name(&call.function.name)?;
            // The API file's own default is the word, which is no id.
            let id = call.id.as_deref().unwrap_or("null");
            check_id(id)?;
            if !self.expected.insert(id) {
                return Err(ApiError::function_call(format!(
                    "Duplicate tool call id {id} in assistant message"
                )));
            }
        }
        Ok(())
    }

    fn answer(&mut self, id: Option<&str>) -> Result<(), ApiError> {
        let Some(id) = id else {
            return Err(ApiError::function_call(
                "Tool message has to have the tool call id defined.",
            ));
        };
        check_id(id)?;
        if self.expected.is_empty() {
            return Err(unequal());
        }
        if !self.expected.remove(id) {
            return Err(ApiError::message_order(format!(
                "Unexpected tool call id {id} in tool results"
            )));
        }
        Ok(())
    }

    /// Ends the results: nothing may be left open.
    fn close(&self) -> Result<(), ApiError> {
        if self.expected.is_empty() {
            Ok(())
        } else {
            Err(unequal())
        }
    }
}

fn unequal() -> ApiError {
    ApiError::message_order("Not the same number of function calls and responses")
}

fn check_id(id: &str) -> Result<(), ApiError> {
    if id.len() == 9 && id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(ApiError::function_call(format!(
        "Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9."
    )))
}
