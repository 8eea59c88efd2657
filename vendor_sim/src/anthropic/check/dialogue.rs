//! Messages: roles, content, and who may say what.

use super::{ApiError, Model, Request};
use crate::anthropic::message::SIGNATURE;
use crate::anthropic::models::Prefill;
use crate::anthropic::request::{
    Block, DocumentSource, ImageSource, Message, ResultBlock, Role, TextOnly,
};
use crate::strict::Content;

mod tool_turns;

pub(super) fn check(request: &Request, model: &Model, effort: &str) -> Result<(), ApiError> {
    let messages = &request.messages;
    let Some(first) = messages.first() else {
        return Err(ApiError::invalid(
            "messages: at least one message is required",
        ));
    };
    if first.role != Role::User {
        return Err(ApiError::invalid(
            "messages: first message must use the \"user\" role",
        ));
    }
    if let Some(system) = &request.system {
        check_system(system)?;
    }
    for (index, message) in messages.iter().enumerate() {
        check_message(index, message, index + 1 == messages.len())?;
    }
    check_prefill(messages, model, effort)?;
    let uses_tools = messages
        .iter()
        .flat_map(|message| message.content.parts())
        .any(|block| matches!(block, Block::ToolUse(_) | Block::ToolResult(_)));
    if uses_tools && request.tools.as_ref().is_none_or(Vec::is_empty) {
        return Err(ApiError::invalid(
            "Requests which include `tool_use` or `tool_result` blocks must define tools.",
        ));
    }
    tool_turns::check(messages)
}

fn check_system(system: &Content<TextOnly>) -> Result<(), ApiError> {
    let blank = system
        .parts()
        .iter()
        .any(|TextOnly::Text(block)| block.text.trim().is_empty());
    if blank {
        return Err(ApiError::invalid(
            "system: text content blocks must be non-empty",
        ));
    }
    Ok(())
}

fn check_message(index: usize, message: &Message, is_last: bool) -> Result<(), ApiError> {
    let is_empty = match &message.content {
        Content::Text(text) => text.trim().is_empty(),
        Content::Parts(blocks) => blocks.is_empty(),
    };
    if is_empty {
        return match message.role {
            Role::User => Err(ApiError::invalid(format!(
                "messages.{index}: user messages must have non-empty content"
            ))),
            Role::Assistant if is_last => Ok(()),
            Role::Assistant => Err(ApiError::invalid(format!(
                "messages.{index}: all messages must have non-empty content except for the \
                 optional final assistant message"
            ))),
        };
    }
    for (block_index, block) in message.content.parts().iter().enumerate() {
        check_role(index, message.role, block)?;
        check_block(&format!("messages.{index}.content.{block_index}"), block)?;
    }
    Ok(())
}

fn check_role(index: usize, role: Role, block: &Block) -> Result<(), ApiError> {
    let (allowed, name) = match block {
        Block::Text(_) => return Ok(()),
        Block::Image(_) | Block::Document(_) | Block::ToolResult(_) => (Role::User, "user"),
        Block::Thinking(_) | Block::RedactedThinking(_) | Block::ToolUse(_) => {
            (Role::Assistant, "assistant")
        }
    };
    if role == allowed {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "messages.{index}: `{}` blocks can only be in `{name}` messages",
        block.name()
    )))
}

fn check_block(place: &str, block: &Block) -> Result<(), ApiError> {
    match block {
        Block::Text(block) => check_text(&block.text),
        Block::Image(block) => check_image(place, &block.source),
        Block::Document(block) => match &block.source {
            DocumentSource::Url(source) => check_url(place, &source.url),
            DocumentSource::Base64(source) => check_base64(place, &source.data),
            DocumentSource::Text(source) => check_text(&source.data),
        },
        Block::Thinking(block) if !block.signature.starts_with(SIGNATURE) => Err(
            ApiError::invalid(format!("{place}: Invalid `signature` in `thinking` block")),
        ),
        Block::Thinking(_) | Block::RedactedThinking(_) => Ok(()),
        Block::ToolUse(block) => check_id(&format!("{place}.tool_use.id"), &block.id),
        Block::ToolResult(result) => {
            check_id(
                &format!("{place}.tool_result.tool_use_id"),
                &result.tool_use_id,
            )?;
            let parts = result.content.iter().flat_map(|content| content.parts());
            parts.into_iter().try_for_each(|part| match part {
                ResultBlock::Text(block) => check_text(&block.text),
                ResultBlock::Image(block) => check_image(place, &block.source),
                ResultBlock::Document(_) => Ok(()),
            })
        }
    }
}

fn check_text(text: &str) -> Result<(), ApiError> {
    if text.is_empty() {
        return Err(ApiError::invalid(
            "messages: text content blocks must be non-empty",
        ));
    }
    if text.trim().is_empty() {
        return Err(ApiError::invalid(
            "messages: text content blocks must contain non-whitespace text",
        ));
    }
    Ok(())
}

fn check_image(place: &str, source: &ImageSource) -> Result<(), ApiError> {
    match source {
        ImageSource::Base64(source) => check_base64(place, &source.data),
        ImageSource::Url(source) => check_url(place, &source.url),
    }
}

fn check_base64(place: &str, data: &str) -> Result<(), ApiError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if data.is_empty() || !data.len().is_multiple_of(4) || !data.bytes().all(fits) {
        return Err(ApiError::invalid(format!(
            "{place}.source.base64: invalid base64 data"
        )));
    }
    Ok(())
}

fn check_url(place: &str, url: &str) -> Result<(), ApiError> {
    if url.starts_with("https://") {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{place}.source.url.url: Only HTTPS URLs are supported."
    )))
}

/// Ids of other vendors that are sent on must fit as well.
fn check_id(place: &str, id: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.is_empty() || !id.chars().all(fits) {
        return Err(ApiError::invalid(format!(
            "{place}: String should match pattern '^[a-zA-Z0-9_-]+$'"
        )));
    }
    Ok(())
}

fn check_prefill(messages: &[Message], model: &Model, effort: &str) -> Result<(), ApiError> {
    let Some(last) = messages.last().filter(|last| last.role == Role::Assistant) else {
        return Ok(());
    };
    if model.prefill == Prefill::Refused || effort != "none" {
        return Err(ApiError::invalid(
            "This model does not support assistant message prefill. The conversation must end \
             with a user message.",
        ));
    }
    let text = match &last.content {
        Content::Text(text) => text.as_str(),
        Content::Parts(blocks) => match blocks.last() {
            Some(Block::Text(block)) => block.text.as_str(),
            _ => "",
        },
    };
    if text.ends_with(char::is_whitespace) {
        return Err(ApiError::invalid(
            "messages: final assistant content cannot end with trailing whitespace",
        ));
    }
    Ok(())
}
