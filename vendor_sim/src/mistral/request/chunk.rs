//! Pieces of a message's content.

use serde::Deserialize;

use super::either::Either;
use crate::strict::present;

#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(in crate::mistral) enum Chunk {
    ImageUrl(ImageChunk),
    DocumentUrl(DocumentChunk),
    Text(TextChunk),
    Reference(ReferenceChunk),
    File(FileChunk),
    Thinking(ThinkingChunk),
    InputAudio(AudioChunk),
}

/// What instructions are made of.
#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(in crate::mistral) enum SystemChunk {
    Text(TextChunk),
    Thinking(ThinkingChunk),
}

/// What thoughts are made of.
#[derive(Deserialize)]
#[serde(rename = "type", rename_all = "snake_case")]
pub(in crate::mistral) enum ThoughtChunk {
    Text(TextChunk),
    ToolReference(ToolReferenceChunk),
    Reference(ReferenceChunk),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::mistral) struct TextChunk {
    pub(in crate::mistral) text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::mistral) struct ThinkingChunk {
    pub(in crate::mistral) thinking: Vec<ThoughtChunk>,
    #[serde(default, deserialize_with = "present")]
    closed: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::mistral) struct ImageChunk {
    pub(in crate::mistral) image_url: Either<ImageUrl>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::mistral) struct ImageUrl {
    pub(in crate::mistral) url: String,
    detail: Option<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Detail {
    Low,
    Auto,
    High,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::mistral) struct DocumentChunk {
    document_url: String,
    document_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::mistral) struct FileChunk {
    file_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::mistral) struct ReferenceChunk {
    reference_ids: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::mistral) struct ToolReferenceChunk {
    tool: String,
    title: String,
    url: Option<String>,
    favicon: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::mistral) struct AudioChunk {
    input_audio: String,
}
