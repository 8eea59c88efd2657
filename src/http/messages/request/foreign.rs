//! Blocks that Anthropic alone knows, put into words for everybody: a
//! conversation that has one in its history must go on.

use serde::Deserialize;
use serde_json::Value;

use super::block::{Block, Content};
use crate::domain::Error;
use crate::http::text_or_list::TextOrList;

/// Where the text of a document is.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Source {
    Text { data: String },
    Content { content: Content },
    Base64,
    Url,
    File,
}

/// Puts a block into words; `None` where there is nothing to say.
///
/// # Errors
/// `caller_invalid_request` for a document that is not text, and for a kind of
/// block that nobody knows.
pub(super) fn words(block: Block, place: &str) -> Result<Option<String>, Error> {
    let refused = |reason: &str| Err(Error::invalid(format!("{place}: {reason}")));
    let words = match block.kind.as_str() {
        "document" => document(block, place)?,
        "search_result" => {
            let source = block.source.as_ref().and_then(Value::as_str);
            let head = [block.title.as_deref(), source];
            let head: Vec<&str> = head.into_iter().flatten().collect();
            let mut lines = vec![head.join(", ")];
            lines.extend(block.content.map(texts));
            lines.join("\n")
        }
        "tool_reference" => match block.tool_name {
            Some(name) => format!("(the tool {name})"),
            None => return refused("tool_name: missing"),
        },
        "server_tool_use" | "mcp_tool_use" => {
            let name = block.name.unwrap_or_default();
            let input = Value::Object(block.input.unwrap_or_default());
            format!("(called {name} with {input})")
        }
        // They ran at Anthropic; what can be read of their results stays.
        kind if kind.ends_with("_tool_result") => {
            let words = block.content.map(texts).unwrap_or_default();
            if words.is_empty() {
                return Ok(None);
            }
            format!("(found: {words})")
        }
        kind => {
            let kind: String = kind.chars().take(40).collect();
            return refused(&format!("blocks of type {kind:?} are not supported"));
        }
    };
    Ok((!words.trim().is_empty()).then_some(words))
}

fn document(block: Block, place: &str) -> Result<String, Error> {
    let place = format!("{place}.source");
    let Some(source) = block.source else {
        return Err(Error::invalid(format!("{place}: missing")));
    };
    let source = Source::deserialize(source)
        .map_err(|fault| Error::unreadable(&place, &fault.to_string()))?;
    let text = match source {
        Source::Text { data } => data,
        Source::Content { content } => texts(content),
        Source::Base64 | Source::Url | Source::File => {
            let reason =
                "documents must be plain text; send a PDF's text, or its pages as pictures";
            return Err(Error::invalid(format!("{place}: {reason}")));
        }
    };
    Ok(match block.title {
        Some(title) => format!("{title}\n\n{text}"),
        None => text,
    })
}

/// Joins what can be read of a content, a line for each part.
fn texts(content: Content) -> String {
    let blocks = match content.0 {
        TextOrList::Text(text) => return text,
        TextOrList::List(blocks) => blocks,
        TextOrList::Object(members) => {
            let word = |name| members.get(name).and_then(Value::as_str);
            let word = word("error_code").or_else(|| word("stdout"));
            return word.unwrap_or_default().to_owned();
        }
    };
    let lines = blocks.into_iter().filter_map(|block| {
        let words = [block.title, block.url, block.text];
        let words: Vec<String> = words.into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}
