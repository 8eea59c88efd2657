//! Reads turns and their blocks.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::foreign;
use crate::domain::{ContentPart, Error, ImageSource, Message, Role, ToolCall, ToolResult};
use crate::http::cache_mark::CacheMark;
use crate::http::picture;
use crate::http::text_or_list::TextOrList;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Turn {
    role: TurnRole,
    content: Content,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TurnRole {
    System,
    User,
    Assistant,
}

#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Content(pub(super) TextOrList<Block>);

#[derive(Deserialize)]
pub(super) struct Block {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) text: Option<String>,
    // A text in one kind of block, an object in others.
    pub(super) source: Option<Value>,
    id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) input: Option<Map<String, Value>>,
    tool_use_id: Option<String>,
    pub(super) content: Option<Content>,
    is_error: Option<bool>,
    thinking: Option<String>,
    signature: Option<String>,
    pub(super) title: Option<String>,
    pub(super) url: Option<String>,
    pub(super) tool_name: Option<String>,
    cache_control: Option<CacheMark>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Source {
    Base64 { media_type: String, data: String },
    Url { url: String },
    File { file_id: String },
}

impl Turn {
    /// Reads the turn at `index` into one message or more: results of tools
    /// are turns of their own here.
    ///
    /// # Errors
    /// `caller_invalid_request` that names the member at fault.
    pub(super) fn read(self, index: usize, messages: &mut Vec<Message>) -> Result<(), Error> {
        let role = match self.role {
            TurnRole::System => Role::System,
            TurnRole::User => Role::User,
            TurnRole::Assistant => Role::Assistant,
        };
        let parts = self.content.read(&format!("messages[{index}].content"))?;
        let (results, rest) = results_and_rest(parts);
        if !results.is_empty() && role != Role::User {
            let reason = "only a turn of role user has tool results";
            return Err(Error::invalid(format!("messages[{index}]: {reason}")));
        }
        let has_results = !results.is_empty();
        messages.extend(results.into_iter().map(|content| Message {
            role: Role::Tool,
            content,
        }));
        if !rest.is_empty() || !has_results {
            messages.push(Message {
                role,
                content: rest,
            });
        }
        Ok(())
    }
}

/// Takes the results out of a user's turn, each with the mark behind it.
fn results_and_rest(parts: Vec<ContentPart>) -> (Vec<Vec<ContentPart>>, Vec<ContentPart>) {
    let is_result = |part: &ContentPart| matches!(part, ContentPart::ToolResult(_));
    if !parts.iter().any(is_result) {
        return (Vec::new(), parts);
    }
    let (mut results, mut rest) = (Vec::<Vec<ContentPart>>::new(), Vec::new());
    let mut is_behind_result = false;
    for part in parts {
        match part {
            ContentPart::ToolResult(_) => {
                is_behind_result = true;
                results.push(vec![part]);
            }
            // Beside results blanks are no words of the user's own, and a mark
            // on them is one on what stands before.
            ContentPart::Text(ref text) if text.trim().is_empty() => {}
            ContentPart::CacheMark(_) if is_behind_result => {
                if let Some(last) = results.last_mut() {
                    last.push(part);
                }
            }
            ContentPart::CacheMark(_) if rest.is_empty() => {}
            _ => {
                is_behind_result = false;
                rest.push(part);
            }
        }
    }
    (results, rest)
}

impl Content {
    /// Reads the parts at `place`.
    ///
    /// # Errors
    /// As for [`Turn::read`].
    pub(super) fn read(self, place: &str) -> Result<Vec<ContentPart>, Error> {
        match self.0 {
            TextOrList::Text(text) => Ok(vec![ContentPart::Text(text)]),
            TextOrList::List(blocks) => {
                let mut parts = Vec::with_capacity(blocks.len());
                for (number, block) in blocks.into_iter().enumerate() {
                    let mark = block.cache_control;
                    parts.extend(block.read(&format!("{place}[{number}]"))?);
                    parts.extend(mark.map(|mark| ContentPart::CacheMark(mark.kept())));
                }
                Ok(parts)
            }
            TextOrList::Object(_) => {
                let reason = "must be a string or a list of blocks";
                Err(Error::invalid(format!("{place}: {reason}")))
            }
        }
    }
}

impl Block {
    /// Reads a block; `None` for what another vendor cannot be told.
    fn read(self, place: &str) -> Result<Option<ContentPart>, Error> {
        let missing = |member: &str| Error::invalid(format!("{place}.{member}: missing"));
        let part = match self.kind.as_str() {
            "text" => ContentPart::Text(self.text.ok_or_else(|| missing("text"))?),
            "image" => {
                let source = self.source.ok_or_else(|| missing("source"))?;
                ContentPart::Image(image(source, &format!("{place}.source"))?)
            }
            "tool_use" => ContentPart::ToolCall(ToolCall {
                id: self.id.ok_or_else(|| missing("id"))?,
                name: self.name.ok_or_else(|| missing("name"))?,
                arguments: Value::Object(self.input.ok_or_else(|| missing("input"))?),
                signature: None,
            }),
            "tool_result" => {
                let content = self.content.map(|content| {
                    let place = format!("{place}.content");
                    content.read(&place)
                });
                ContentPart::ToolResult(ToolResult {
                    call_id: self.tool_use_id.ok_or_else(|| missing("tool_use_id"))?,
                    content: content.transpose()?.unwrap_or_default(),
                    is_error: self.is_error == Some(true),
                })
            }
            "thinking" => ContentPart::Reasoning {
                text: self.thinking.unwrap_or_default(),
                signature: self.signature.filter(|seal| !seal.is_empty()),
            },
            "redacted_thinking" => return Ok(None),
            _ => return Ok(foreign::words(self, place)?.map(ContentPart::Text)),
        };
        Ok(Some(part))
    }
}

fn image(source: Value, place: &str) -> Result<ImageSource, Error> {
    let refused = |reason: &str| Error::invalid(format!("{place}: {reason}"));
    let source = Source::deserialize(source)
        .map_err(|fault| Error::unreadable(place, &fault.to_string()))?;
    match source {
        Source::Base64 { media_type, data } => picture::data(media_type, data).map_err(refused),
        Source::Url { url } => picture::address(url).map_err(refused),
        Source::File { file_id } => {
            let _ = file_id;
            Err(refused("files of a vendor are not supported"))
        }
    }
}
