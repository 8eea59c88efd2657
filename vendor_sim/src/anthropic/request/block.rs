//! Blocks of content.

use serde::Deserialize;
use serde_json::Value;

use crate::strict::{Content, Object, present};

/// A block of either role; which role may send which is checked later.
#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(in crate::anthropic) enum Block {
    Text(TextBlock),
    Image(ImageBlock),
    Document(DocumentBlock),
    Thinking(ThinkingBlock),
    RedactedThinking(RedactedThinkingBlock),
    ToolUse(ToolUse),
    ToolResult(ToolResult),
}

/// A block inside a tool's result.
#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(in crate::anthropic) enum ResultBlock {
    Text(TextBlock),
    Image(ImageBlock),
    Document(DocumentBlock),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct TextBlock {
    pub(in crate::anthropic) text: String,
    pub(in crate::anthropic) cache_control: Option<CacheControl>,
    citations: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct ImageBlock {
    pub(in crate::anthropic) source: ImageSource,
    pub(in crate::anthropic) cache_control: Option<CacheControl>,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(in crate::anthropic) enum ImageSource {
    Base64(Base64Image),
    Url(UrlSource),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct Base64Image {
    pub(in crate::anthropic) data: String,
    media_type: ImageType,
}

#[derive(Deserialize)]
enum ImageType {
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/gif")]
    Gif,
    #[serde(rename = "image/webp")]
    Webp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct UrlSource {
    pub(in crate::anthropic) url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct DocumentBlock {
    pub(in crate::anthropic) source: DocumentSource,
    pub(in crate::anthropic) cache_control: Option<CacheControl>,
    citations: Option<Citations>,
    context: Option<String>,
    title: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Citations {
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(in crate::anthropic) enum DocumentSource {
    Base64(Base64Pdf),
    Text(PlainText),
    Url(UrlSource),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct Base64Pdf {
    pub(in crate::anthropic) data: String,
    media_type: PdfType,
}

#[derive(Deserialize)]
enum PdfType {
    #[serde(rename = "application/pdf")]
    Pdf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct PlainText {
    pub(in crate::anthropic) data: String,
    media_type: PlainType,
}

#[derive(Deserialize)]
enum PlainType {
    #[serde(rename = "text/plain")]
    Plain,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct ThinkingBlock {
    pub(in crate::anthropic) signature: String,
    thinking: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct RedactedThinkingBlock {
    data: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct ToolUse {
    pub(in crate::anthropic) id: String,
    pub(in crate::anthropic) name: String,
    pub(in crate::anthropic) input: Object,
    pub(in crate::anthropic) cache_control: Option<CacheControl>,
    caller: Option<Caller>,
}

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
enum Caller {
    Direct,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct ToolResult {
    pub(in crate::anthropic) tool_use_id: String,
    #[serde(default, deserialize_with = "present")]
    pub(in crate::anthropic) content: Option<Content<ResultBlock>>,
    pub(in crate::anthropic) cache_control: Option<CacheControl>,
    #[serde(default, deserialize_with = "present")]
    is_error: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::anthropic) struct CacheControl {
    r#type: CacheType,
    #[serde(default, deserialize_with = "present")]
    pub(in crate::anthropic) ttl: Option<Ttl>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum CacheType {
    Ephemeral,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
pub(in crate::anthropic) enum Ttl {
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "1h")]
    Hour,
}

impl Block {
    /// Returns the name that requests give the block.
    pub(in crate::anthropic) const fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Document(_) => "document",
            Self::Thinking(_) => "thinking",
            Self::RedactedThinking(_) => "redacted_thinking",
            Self::ToolUse(_) => "tool_use",
            Self::ToolResult(_) => "tool_result",
        }
    }

    /// Returns the mark that the prompt up to here shall be cached.
    pub(in crate::anthropic) const fn cache_control(&self) -> Option<&CacheControl> {
        match self {
            Self::Text(block) => block.cache_control.as_ref(),
            Self::Image(block) => block.cache_control.as_ref(),
            Self::Document(block) => block.cache_control.as_ref(),
            Self::ToolUse(block) => block.cache_control.as_ref(),
            Self::ToolResult(block) => block.cache_control.as_ref(),
            Self::Thinking(_) | Self::RedactedThinking(_) => None,
        }
    }
}

impl ResultBlock {
    /// Returns the mark that the prompt up to here shall be cached, which may
    /// not stand here.
    pub(in crate::anthropic) const fn cache_control(&self) -> Option<&CacheControl> {
        match self {
            Self::Text(block) => block.cache_control.as_ref(),
            Self::Image(block) => block.cache_control.as_ref(),
            Self::Document(block) => block.cache_control.as_ref(),
        }
    }
}
