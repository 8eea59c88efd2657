//! What Anthropic counts.

use serde_json::{Value, json};

use super::request::{
    Block, CacheControl, Message, Request, ResultBlock, Role, TextOnly, Tool, Ttl,
};
use crate::bill::{BilledTokens, CacheWrites};
use crate::strict::Content;
use crate::tokens::{ATTACHMENT_TOKENS, MESSAGE_TOKENS, token_count};

/// Returns the text that the answer is about: the user's last.
pub(super) fn last_user_text(request: &Request) -> &str {
    let users = request
        .messages
        .iter()
        .rev()
        .filter(|message| message.role == Role::User);
    let mut texts = users.filter_map(|message| {
        message
            .content
            .texts(|block| match block {
                Block::Text(block) => Some(block.text.as_str()),
                _ => None,
            })
            .last()
    });
    texts.next().unwrap_or_default()
}

/// Tells whether the conversation ends with a tool's result.
pub(super) fn ends_with_result(request: &Request) -> bool {
    let last = request.messages.last().map(|message| &message.content);
    last.is_some_and(|content| {
        content
            .parts()
            .iter()
            .any(|b| matches!(b, Block::ToolResult(_)))
    })
}

/// Counts texts, attachments, tools, tool calls and their results.
pub(super) fn input_tokens(request: &Request) -> u64 {
    let system = request
        .system
        .iter()
        .flat_map(|system| system.texts(|TextOnly::Text(block)| Some(block.text.as_str())));
    let system: u64 = system.map(token_count).sum();
    let messages: u64 = request.messages.iter().map(message_tokens).sum();
    let tools: u64 = request.tools.iter().flatten().map(tool_tokens).sum();
    system + messages + tools
}

fn message_tokens(message: &Message) -> u64 {
    let content = match &message.content {
        Content::Text(text) => token_count(text),
        Content::Parts(blocks) => blocks.iter().map(block_tokens).sum(),
    };
    MESSAGE_TOKENS + content
}

fn block_tokens(block: &Block) -> u64 {
    match block {
        Block::Text(block) => token_count(&block.text),
        Block::Image(_) | Block::Document(_) => ATTACHMENT_TOKENS,
        // Thoughts of earlier turns are taken out before the model reads.
        Block::Thinking(_) | Block::RedactedThinking(_) => 0,
        Block::ToolUse(call) => {
            token_count(&call.name) + token_count(&call.input.as_value().to_string())
        }
        Block::ToolResult(result) => match &result.content {
            None => 0,
            Some(Content::Text(text)) => token_count(text),
            Some(Content::Parts(parts)) => parts.iter().map(result_tokens).sum(),
        },
    }
}

fn result_tokens(block: &ResultBlock) -> u64 {
    match block {
        ResultBlock::Text(block) => token_count(&block.text),
        ResultBlock::Image(_) | ResultBlock::Document(_) => ATTACHMENT_TOKENS,
    }
}

fn tool_tokens(tool: &Tool) -> u64 {
    let schema = tool.input_schema.as_value().to_string();
    let description = tool.description.as_deref().map_or(0, token_count);
    token_count(&tool.name) + description + token_count(&schema)
}

/// Returns every mark of what shall be cached and where it stands, in the
/// order of the prompt. The one on the whole stands for one on the last block.
pub(super) fn cache_marks(request: &Request) -> impl Iterator<Item = (String, &CacheControl)> {
    let tools = request.tools.iter().flatten().enumerate();
    let tools = tools.filter_map(|(index, tool)| {
        let mark = tool.cache_control.as_ref()?;
        Some((format!("tools.{index}"), mark))
    });
    let system = request.system.iter().flat_map(|system| system.parts());
    let system = system
        .enumerate()
        .filter_map(|(index, TextOnly::Text(block))| {
            let mark = block.cache_control.as_ref()?;
            Some((format!("system.{index}"), mark))
        });
    let blocks = blocks(request).filter_map(|(place, block)| Some((place, block.cache_control()?)));
    let whole = request.cache_control.iter();
    let whole = whole.map(|mark| ("messages".to_owned(), mark));
    tools.chain(system).chain(blocks).chain(whole)
}

/// Returns every block of the turns and where it stands.
pub(super) fn blocks(request: &Request) -> impl Iterator<Item = (String, &Block)> {
    let turns = request.messages.iter().enumerate();
    turns.flat_map(|(turn, message)| {
        let blocks = message.content.parts().iter().enumerate();
        blocks.map(move |(index, block)| (format!("messages.{turn}.content.{index}"), block))
    })
}

/// Splits the input as the bill does.
pub(super) fn split(request: &Request, input_tokens: u64) -> BilledTokens {
    let for_an_hour = cache_marks(request).any(|(_, mark)| mark.ttl == Some(Ttl::Hour));
    let writes = if for_an_hour {
        CacheWrites::Hour
    } else {
        CacheWrites::Short
    };
    BilledTokens::of_input(input_tokens, writes)
}

/// Writes the `usage` member. Unlike OpenAI's, the classes of input are apart
/// from each other.
pub(super) fn document(tokens: &BilledTokens) -> Value {
    json!({
        "input_tokens": tokens.input,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_write + tokens.cache_write_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.cache_write,
            "ephemeral_1h_input_tokens": tokens.cache_write_1h,
        },
        "output_tokens": tokens.total_output(),
        "output_tokens_details": {"thinking_tokens": tokens.reasoning},
        "server_tool_use": null,
        "service_tier": "standard",
        "inference_geo": "global",
    })
}
