//! Conversations: messages of content parts, tools and their results.

use serde_json::Value;

use super::PromptCache;

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The instructions that stand above the conversation.
    System,
    /// The person or program that asks.
    User,
    /// The model.
    Assistant,
    /// A tool that the model called.
    Tool,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub content: Vec<ContentPart>,
}

impl Message {
    /// Makes a message of one piece of text.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            content: vec![ContentPart::Text(text.into())],
        }
    }

    /// Returns the pieces of text, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.content.iter().filter_map(|part| match part {
            ContentPart::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum ContentPart {
    /// Plain text.
    Text(String),
    /// A picture; only models that see may get it.
    Image(ImageSource),
    /// What the model thought, with the vendor's seal on it if there is one.
    Reasoning {
        /// The visible part or summary of the thought, possibly empty.
        text: String,
        /// An opaque seal that the same vendor wants back unchanged.
        signature: Option<String>,
    },
    /// The model asks for a tool to be run.
    ToolCall(ToolCall),
    /// What a tool answered.
    ToolResult(ToolResult),
    /// Not a piece by itself: the caller asks a vendor that keeps prompts when
    /// it is told to keep all up to here.
    CacheMark(PromptCache),
}

/// Where a picture is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// An address that the *vendor* may fetch; the gateway never does.
    Url(String),
    /// The picture itself.
    Data {
        /// `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
        media_type: String,
        /// Base64 with the standard alphabet and padding.
        base64: String,
    },
}

/// A function that the model may ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name, `[a-zA-Z0-9_-]{1,128}`.
    pub name: String,
    /// What it does, for the model to read.
    pub description: Option<String>,
    /// JSON Schema of its arguments, an object.
    pub parameters: Value,
    /// True if the vendor must hold arguments to the schema.
    pub strict: bool,
    /// The caller asks to keep all tools up to this one.
    pub kept: Option<PromptCache>,
}

/// Which tools the model may or must use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// None.
    None,
    /// At least one, whichever.
    Required,
    /// This one.
    Named(String),
}

/// A request of the model to run a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Ties the result to the call; unique in a conversation.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Its arguments, a JSON object.
    pub arguments: Value,
    /// An opaque seal that the same vendor wants back unchanged.
    pub signature: Option<String>,
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    /// The id of the call that it answers.
    pub call_id: String,
    /// The answer, text and pictures.
    pub content: Vec<ContentPart>,
    /// True if the tool failed.
    pub is_error: bool,
}
