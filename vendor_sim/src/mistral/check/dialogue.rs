//! Who may speak after whom.

use crate::mistral::error::ApiError;
use crate::mistral::request::{AssistantMessage, Message};
use crate::strict::Content;

/// A message's role.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    System,
    User,
    Assistant,
    Tool,
}

impl Role {
    fn of(message: &Message) -> Self {
        match message {
            Message::System(_) => Self::System,
            Message::User(_) => Self::User,
            Message::Assistant(_) => Self::Assistant,
            Message::Tool(_) => Self::Tool,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }

    /// Tells whether `next` may follow, as Mistral's own open tokenizer
    /// library has it.
    fn may_precede(self, next: Self) -> bool {
        match self {
            Self::System => next != Self::Tool,
            Self::User => next != Self::Tool,
            Self::Assistant => next != Self::System,
            Self::Tool => matches!(next, Self::Assistant | Self::Tool),
        }
    }
}

pub(super) fn check(messages: &[Message]) -> Result<(), ApiError> {
    let roles: Vec<_> = messages.iter().map(Role::of).collect();
    match roles.first() {
        None => {
            return Err(ApiError::message_order(
                "Conversation must have at least one message",
            ));
        }
        Some(Role::Tool) => return Err(ApiError::message_order("Unexpected role 'tool'")),
        Some(_) => {}
    }
    for (before, after) in roles.iter().zip(roles.iter().skip(1)) {
        if !before.may_precede(*after) {
            return Err(ApiError::message_order(format!(
                "Unexpected role '{}' after role '{}'",
                after.name(),
                before.name()
            )));
        }
    }
    check_assistants(messages)?;
    check_last(messages)
}

fn check_assistants(messages: &[Message]) -> Result<(), ApiError> {
    let last = messages.len().saturating_sub(1);
    for (index, message) in messages.iter().enumerate() {
        let Message::Assistant(message) = message else {
            continue;
        };
        if is_silent(message) {
            return Err(ApiError::empty_assistant());
        }
        if message.prefix == Some(true) && index < last {
            return Err(ApiError::message_order(
                "Assistant message with prefix True must be last message",
            ));
        }
    }
    Ok(())
}

fn is_silent(message: &AssistantMessage) -> bool {
    let is_empty = match &message.content {
        None => true,
        Some(Content::Text(text)) => text.is_empty(),
        Some(Content::Parts(chunks)) => chunks.is_empty(),
    };
    is_empty && message.tool_calls.as_ref().is_none_or(Vec::is_empty)
}

fn check_last(messages: &[Message]) -> Result<(), ApiError> {
    let role = match messages.last() {
        None | Some(Message::User(_) | Message::Tool(_)) => return Ok(()),
        Some(Message::Assistant(message)) if message.prefix == Some(true) => return Ok(()),
        // A model without a question answers its instructions.
        Some(Message::System(_)) if messages.len() == 1 => return Ok(()),
        Some(message) => Role::of(message),
    };
    Err(ApiError::message_order(format!(
        "Expected last role User or Tool (or Assistant with prefix True) for serving but got {}",
        role.name()
    )))
}
