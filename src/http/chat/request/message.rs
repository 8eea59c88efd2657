//! Reads the messages of a conversation.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::domain::{ContentPart, Error, Message, Role, ToolCall, ToolResult};
use crate::http::cache_mark::CacheMark;
use crate::http::others::Others;
use crate::http::picture;
use crate::http::text_or_list::TextOrList;

#[derive(Deserialize)]
pub(super) struct ChatMessage {
    role: ChatRole,
    content: Option<TextOrList<Part>>,
    tool_calls: Option<Vec<Call>>,
    tool_call_id: Option<String>,
    #[serde(rename = "name")]
    _name: Option<IgnoredAny>,
    #[serde(rename = "refusal")]
    _refusal: Option<IgnoredAny>,
    #[serde(rename = "annotations")]
    _annotations: Option<IgnoredAny>,
    #[serde(rename = "audio")]
    _audio: Option<IgnoredAny>,
    #[serde(rename = "function_call")]
    _function_call: Option<IgnoredAny>,
    // What other vendors' models thought, as their clients send it back.
    #[serde(rename = "reasoning_content")]
    _reasoning_content: Option<IgnoredAny>,
    #[serde(rename = "reasoning")]
    _reasoning: Option<IgnoredAny>,
    #[serde(rename = "reasoning_details")]
    _reasoning_details: Option<IgnoredAny>,
    cache_control: Option<CacheMark>,
    #[serde(flatten)]
    others: Others,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ChatRole {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    refusal: Option<String>,
    image_url: Option<Image>,
    // Not OpenAI's, but what its clients send for Claude's sake.
    cache_control: Option<CacheMark>,
}

#[derive(Deserialize)]
struct Image {
    url: String,
}

#[derive(Deserialize)]
struct Call {
    id: String,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: String,
}

impl ChatMessage {
    /// Reads the message at `index`.
    ///
    /// # Errors
    /// `caller_invalid_request` that names the member at fault.
    pub(super) fn read(self, index: usize) -> Result<Message, Error> {
        let place = format!("messages[{index}]");
        self.others.refuse(&place)?;
        let calls = self.tool_calls.unwrap_or_default();
        let role = match self.role {
            ChatRole::System | ChatRole::Developer => Role::System,
            ChatRole::User => Role::User,
            ChatRole::Assistant => Role::Assistant,
            ChatRole::Tool => Role::Tool,
        };
        if !calls.is_empty() && role != Role::Assistant {
            let reason = "only an assistant calls tools";
            return Err(Error::invalid(format!("{place}.tool_calls: {reason}")));
        }
        let mut content = parts(self.content, &place)?;
        if role == Role::Tool {
            let call_id = self.tool_call_id.filter(|id| !id.is_empty());
            let Some(call_id) = call_id else {
                return Err(Error::invalid(format!("{place}.tool_call_id: missing")));
            };
            content = vec![ContentPart::ToolResult(ToolResult {
                call_id,
                content,
                is_error: false,
            })];
        }
        for (number, call) in calls.into_iter().enumerate() {
            content.push(call.read(&format!("{place}.tool_calls[{number}]"))?);
        }
        content.extend(mark(self.cache_control));
        Ok(Message { role, content })
    }
}

fn parts(content: Option<TextOrList<Part>>, place: &str) -> Result<Vec<ContentPart>, Error> {
    match content {
        None => Ok(Vec::new()),
        Some(TextOrList::Text(text)) => Ok(vec![ContentPart::Text(text)]),
        Some(TextOrList::Object(_)) => {
            let reason = "must be a string or a list of parts";
            Err(Error::invalid(format!("{place}.content: {reason}")))
        }
        Some(TextOrList::List(parts)) => {
            let mut read = Vec::with_capacity(parts.len());
            for (number, part) in parts.into_iter().enumerate() {
                let marked = mark(part.cache_control);
                read.push(part.read(&format!("{place}.content[{number}]"))?);
                read.extend(marked);
            }
            Ok(read)
        }
    }
}

fn mark(mark: Option<CacheMark>) -> Option<ContentPart> {
    mark.map(|mark| ContentPart::CacheMark(mark.kept()))
}

impl Part {
    fn read(self, place: &str) -> Result<ContentPart, Error> {
        let missing = |member: &str| Error::invalid(format!("{place}.{member}: missing"));
        match self.kind.as_str() {
            "text" => self
                .text
                .map(ContentPart::Text)
                .ok_or_else(|| missing("text")),
            "refusal" => self
                .refusal
                .map(ContentPart::Text)
                .ok_or_else(|| missing("refusal")),
            "image_url" => {
                let image = self.image_url.ok_or_else(|| missing("image_url"))?;
                image.read(&format!("{place}.image_url.url"))
            }
            kind => {
                let kind: String = kind.chars().take(40).collect();
                let reason = format!("parts of type {kind:?} are not supported");
                Err(Error::invalid(format!("{place}: {reason}")))
            }
        }
    }
}

impl Image {
    /// Reads an address that the vendor may fetch, or the picture itself.
    fn read(self, place: &str) -> Result<ContentPart, Error> {
        let source = match self.url.strip_prefix("data:") {
            None => picture::address(self.url),
            Some(data) => match data.split_once(";base64,") {
                None => Err("must be data:image/…;base64,…"),
                Some((media_type, base64)) => {
                    picture::data(media_type.to_owned(), base64.to_owned())
                }
            },
        };
        source
            .map(ContentPart::Image)
            .map_err(|reason| Error::invalid(format!("{place}: {reason}")))
    }
}

impl Call {
    fn read(self, place: &str) -> Result<ContentPart, Error> {
        let text = self.function.arguments;
        let text = if text.trim().is_empty() {
            Cow::Borrowed("{}")
        } else {
            Cow::Owned(text)
        };
        let arguments: Map<String, Value> = serde_json::from_str(&text).map_err(|_| {
            let reason = "must be a JSON object in a string";
            Error::invalid(format!("{place}.function.arguments: {reason}"))
        })?;
        Ok(ContentPart::ToolCall(ToolCall {
            id: self.id,
            name: self.function.name,
            arguments: Value::Object(arguments),
            signature: None,
        }))
    }
}
