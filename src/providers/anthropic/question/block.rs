//! Writes turns and their blocks.

use serde::Serialize;
use serde_json::Value;

use crate::domain::{ContentPart, ImageSource, Message, PromptCache, Role};

#[derive(Serialize)]
pub(super) struct Turn<'a> {
    pub(super) role: &'static str,
    pub(super) content: Vec<Marked<'a>>,
}

/// A block, and whether the vendor shall keep all up to it.
#[derive(Serialize)]
pub(super) struct Marked<'a> {
    #[serde(flatten)]
    block: Block<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<CacheControl>,
}

/// How long what is marked is kept.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct CacheControl {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

impl From<PromptCache> for CacheControl {
    fn from(kept: PromptCache) -> Self {
        Self {
            kind: "ephemeral",
            // Five minutes need not be said.
            ttl: (kept == PromptCache::OneHour).then_some("1h"),
        }
    }
}

impl<'a> From<Block<'a>> for Marked<'a> {
    fn from(block: Block<'a>) -> Self {
        Self {
            block,
            cache_control: None,
        }
    }
}

/// Marks the end of a list of blocks, if it has one.
pub(super) fn mark(blocks: &mut [Marked<'_>], kept: PromptCache) {
    if let Some(end) = end(blocks) {
        *end = Some(kept.into());
    }
}

/// Returns the mark of the last block that can be marked; thoughts cannot.
pub(super) fn end<'m>(blocks: &'m mut [Marked<'_>]) -> Option<&'m mut Option<CacheControl>> {
    let mut last = blocks.iter_mut().rev();
    let last = last.find(|marked| !matches!(marked.block, Block::Thinking { .. }))?;
    Some(&mut last.cache_control)
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Text {
        text: &'a str,
    },
    Image {
        source: Source<'a>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: &'a Value,
    },
    ToolResult {
        tool_use_id: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "is_false")]
        is_error: bool,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'a> {
    Url { url: &'a str },
    Base64 { media_type: &'a str, data: &'a str },
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Writes the turns. Neighbours of one role become one, so that the results
/// of several calls stand together, as the vendor wants them; and the user
/// comes first.
pub(super) fn turns<'a>(messages: &[&'a Message]) -> Vec<Turn<'a>> {
    let mut turns: Vec<Turn<'a>> = Vec::new();
    for message in messages {
        let role = match message.role {
            Role::Assistant => "assistant",
            Role::System | Role::User | Role::Tool => "user",
        };
        if turns.is_empty() && role == "assistant" {
            // Chat bots open with a greeting.
            let text = "(the conversation begins)";
            turns.push(Turn {
                role: "user",
                content: vec![Block::Text { text }.into()],
            });
        }
        match turns.last_mut() {
            Some(last) if last.role == role => extend(&mut last.content, &message.content),
            _ => {
                let mut content = Vec::new();
                extend(&mut content, &message.content);
                turns.push(Turn { role, content });
            }
        }
    }
    trim_end(&mut turns);
    turns
}

/// Takes the blanks off the end of an answer that the assistant has begun:
/// the vendor refuses them there.
fn trim_end(turns: &mut [Turn<'_>]) {
    let last = turns.last_mut().filter(|turn| turn.role == "assistant");
    let block = last.and_then(|turn| turn.content.last_mut());
    if let Some(Marked {
        block: Block::Text { text },
        ..
    }) = block
    {
        *text = text.trim_end();
    }
}

/// Writes parts, and marks the blocks behind which the caller has a mark.
pub(super) fn extend<'a>(blocks: &mut Vec<Marked<'a>>, parts: &'a [ContentPart]) {
    for part in parts {
        blocks.extend(block(part).map(Marked::from));
        if let Some(kept) = kept(part) {
            mark(blocks, kept);
        }
    }
}

/// Returns how long the prompt is kept up to the end of a part. The vendor
/// refuses marks inside of results and wants them on the results.
fn kept(part: &ContentPart) -> Option<PromptCache> {
    match part {
        ContentPart::CacheMark(kept) => Some(*kept),
        ContentPart::ToolResult(result) => result.content.iter().filter_map(kept).max(),
        _ => None,
    }
}

/// Writes a part; `None` for empty text, which the vendor refuses, and for
/// thoughts that carry no seal of its own.
pub(super) fn block(part: &ContentPart) -> Option<Block<'_>> {
    match part {
        ContentPart::Text(text) if text.trim().is_empty() => None,
        ContentPart::CacheMark(_) => None,
        ContentPart::Text(text) => Some(Block::Text { text }),
        ContentPart::Image(source) => Some(Block::Image {
            source: match source {
                ImageSource::Url(url) => Source::Url { url },
                ImageSource::Data { media_type, base64 } => Source::Base64 {
                    media_type,
                    data: base64,
                },
            },
        }),
        ContentPart::Reasoning { text, signature } => {
            let signature = signature.as_deref()?;
            Some(Block::Thinking {
                thinking: text,
                signature,
            })
        }
        ContentPart::ToolCall(call) => Some(Block::ToolUse {
            id: &call.id,
            name: &call.name,
            input: &call.arguments,
        }),
        ContentPart::ToolResult(result) => Some(Block::ToolResult {
            tool_use_id: &result.call_id,
            content: result.content.iter().filter_map(block).collect(),
            is_error: result.is_error,
        }),
    }
}
