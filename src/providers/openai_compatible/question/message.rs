//! Writes the messages of a conversation.

use serde::Serialize;

use super::super::dialect::{CallIds, Dialect, Instructions, Prefill, TurnOrder};
use super::tools::{self, ChatCall};
use crate::domain::{ContentPart, ImageSource, Message, Role, ToolResult};

#[derive(Serialize)]
pub(super) struct ChatMessage<'a> {
    pub(super) role: &'static str,
    // An assistant that only calls tools says nothing: the member is absent,
    // for `null` is refused by some.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ChatCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Joined(String),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Serialize)]
struct ImageUrl<'a> {
    url: std::borrow::Cow<'a, str>,
}

/// Writes all messages in the order that the dialect wants.
pub(super) fn write<'a>(
    dialect: &Dialect,
    conversation: &'a [Message],
    system_role: &'static str,
) -> Vec<ChatMessage<'a>> {
    let mut messages = Vec::with_capacity(conversation.len());
    // What tools show cannot stand in their messages, and these must stand
    // together: the user shows it behind them.
    let mut shown = Vec::new();
    for message in conversation {
        if message.role == Role::Tool {
            for result in message.content.iter().filter_map(result) {
                messages.push(tool_message(result, dialect.call_ids));
                shown.extend(pictures(result));
            }
        } else {
            messages.extend(showing(std::mem::take(&mut shown)));
            messages.push(chat_message(message, system_role, dialect.call_ids));
        }
    }
    messages.extend(showing(shown));
    if dialect.instructions == Instructions::First {
        // The sort is stable: everything else keeps its order.
        messages.sort_by_key(|message| message.role != system_role);
    }
    if dialect.turn_order == TurnOrder::AnswerResults {
        messages = answered(messages);
    }
    if dialect.prefill == Prefill::Flagged
        && let Some(last) = messages.last_mut()
    {
        last.prefix = (last.role == "assistant").then_some(true);
    }
    messages
}

fn result(part: &ContentPart) -> Option<&ToolResult> {
    match part {
        ContentPart::ToolResult(result) => Some(result),
        _ => None,
    }
}

/// Lists the pictures of a result.
fn pictures(result: &ToolResult) -> impl Iterator<Item = Part<'_>> {
    result.content.iter().filter_map(|part| match part {
        ContentPart::Image(source) => Some(Part::ImageUrl {
            image_url: ImageUrl { url: url(source) },
        }),
        _ => None,
    })
}

/// Makes the turn of a user who shows pictures, if there are any.
fn showing(pictures: Vec<Part<'_>>) -> Option<ChatMessage<'_>> {
    if pictures.is_empty() {
        return None;
    }
    let text = "The pictures in the results above, in order:";
    let parts = std::iter::once(Part::Text { text }).chain(pictures);
    Some(ChatMessage {
        role: "user",
        content: Some(Content::Parts(parts.collect())),
        tool_calls: Vec::new(),
        tool_call_id: None,
        prefix: None,
    })
}

/// Writes a result. That a tool failed has no member of its own, and neither
/// have pictures.
fn tool_message(result: &ToolResult, ids: CallIds) -> ChatMessage<'_> {
    let parts = result.content.as_slice();
    let content = match parts {
        _ if result.is_error => {
            Content::Joined(format!("Error: {}", texts(parts).collect::<String>()))
        }
        [ContentPart::Text(text)] => Content::Text(text),
        _ if texts(parts).all(str::is_empty) && pictures(result).next().is_some() => {
            Content::Text("(a picture, shown below)")
        }
        _ => Content::Joined(texts(parts).collect()),
    };
    ChatMessage {
        role: "tool",
        content: Some(content),
        tool_calls: Vec::new(),
        tool_call_id: Some(tools::id(&result.call_id, ids)),
        prefix: None,
    }
}

fn texts(parts: &[ContentPart]) -> impl Iterator<Item = &str> {
    parts.iter().filter_map(|part| match part {
        ContentPart::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

fn chat_message<'a>(
    message: &'a Message,
    system_role: &'static str,
    ids: CallIds,
) -> ChatMessage<'a> {
    let role = match message.role {
        Role::System => system_role,
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let calls = message.content.iter().filter_map(|part| match part {
        ContentPart::ToolCall(call) => Some(ChatCall::new(call, ids)),
        _ => None,
    });
    ChatMessage {
        role,
        content: content(&message.content),
        tool_calls: calls.collect(),
        tool_call_id: None,
        prefix: None,
    }
}

/// Writes text and pictures; thoughts of other vendors help nobody.
fn content(parts: &[ContentPart]) -> Option<Content<'_>> {
    if let [ContentPart::Text(text)] = parts {
        return Some(Content::Text(text));
    }
    let parts = parts.iter().filter_map(|part| match part {
        ContentPart::Text(text) => Some(Part::Text { text }),
        ContentPart::Image(source) => Some(Part::ImageUrl {
            image_url: ImageUrl { url: url(source) },
        }),
        ContentPart::Reasoning { .. }
        | ContentPart::ToolCall(_)
        | ContentPart::ToolResult(_)
        | ContentPart::CacheMark(_) => None,
    });
    let parts: Vec<Part<'_>> = parts.collect();
    match parts.as_slice() {
        [] => None,
        [Part::Text { text }] => Some(Content::Text(text)),
        _ => Some(Content::Parts(parts)),
    }
}

fn url(source: &ImageSource) -> std::borrow::Cow<'_, str> {
    match source {
        ImageSource::Url(url) => url.into(),
        ImageSource::Data { media_type, base64 } => {
            format!("data:{media_type};base64,{base64}").into()
        }
    }
}

/// Puts a word of the assistant between a tool's result and the user, where
/// the vendor does not let the one follow the other.
fn answered(messages: Vec<ChatMessage<'_>>) -> Vec<ChatMessage<'_>> {
    let mut ordered: Vec<ChatMessage<'_>> = Vec::with_capacity(messages.len());
    for message in messages {
        let is_after_result = ordered.last().is_some_and(|last| last.role == "tool");
        if is_after_result && message.role == "user" {
            ordered.push(ChatMessage {
                role: "assistant",
                content: Some(Content::Text("(noted)")),
                tool_calls: Vec::new(),
                tool_call_id: None,
                prefix: None,
            });
        }
        ordered.push(message);
    }
    ordered
}
