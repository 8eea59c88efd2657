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

/// Returns every mark of what shall be cached.
pub(super) fn cache_marks(request: &Request) -> impl Iterator<Item = &CacheControl> {
    let system = request.system.iter().flat_map(|system| system.parts());
    let blocks = request
        .messages
        .iter()
        .flat_map(|message| message.content.parts());
    request
        .cache_control
        .iter()
        .chain(system.filter_map(|TextOnly::Text(block)| block.cache_control.as_ref()))
        .chain(
            request
                .tools
                .iter()
                .flatten()
                .filter_map(|tool| tool.cache_control.as_ref()),
        )
        .chain(blocks.filter_map(Block::cache_control))
}

/// Splits the input as the bill does.
pub(super) fn split(request: &Request, input_tokens: u64) -> BilledTokens {
    let for_an_hour = cache_marks(request).any(|mark| mark.ttl == Some(Ttl::Hour));
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
