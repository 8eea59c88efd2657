//! How many tokens a text will be, before a vendor counts them.

use crate::domain::{CompletionRequest, ContentPart, Message, ResponseFormat};

/// Tokens that a vendor adds around each message (measured on vendors' own
/// counts of short conversations, 3 to 5).
const PER_MESSAGE: u64 = 4;
/// What a picture of moderate size costs, in tokens; vendors say 85 to 1,600.
const PER_IMAGE: u64 = 1_000;

/// Estimates the tokens that a request asks for, its answer included.
pub fn estimate_size(request: &CompletionRequest) -> u64 {
    estimate_tokens(request).saturating_add(u64::from(request.max_tokens))
}

/// Estimates the input tokens of a request; for routing only, never a bill.
///
/// A real tokenizer takes 27 to 70 MB of memory; classes of bytes come close
/// enough to rank models by cost.
pub fn estimate_tokens(request: &CompletionRequest) -> u64 {
    let tools = request.tools.iter().map(|tool| {
        tool.description.as_deref().map_or(0, estimate_text_tokens)
            + tool.parameters.to_string().len() as u64 / 4
            + PER_MESSAGE
    });
    let messages = request.messages.iter().map(message_tokens);
    messages.chain(tools).fold(0, u64::saturating_add)
}

/// Returns a number of input tokens that the vendor's count cannot exceed:
/// byte-level tokenizers make at most one token of a byte.
pub fn upper_bound_tokens(request: &CompletionRequest) -> u64 {
    let parts = request.messages.iter().flat_map(|message| &message.content);
    let bytes = parts.map(part_bytes).fold(0, u64::saturating_add);
    let tools = request.tools.iter().map(|tool| {
        let description = tool.description.as_ref().map_or(0, String::len);
        (tool.name.len() + description + tool.parameters.to_string().len() + 64) as u64
    });
    let frame = 64 + 16 * request.messages.len() as u64;
    let all = tools.fold(bytes.saturating_add(frame), u64::saturating_add);
    all.saturating_add(instructions_bound(request))
}

/// Bounds the instructions that vendors add for tools and schemas (Anthropic
/// documents up to 700 tokens for tools), and a schema itself.
fn instructions_bound(request: &CompletionRequest) -> u64 {
    let for_tools = if request.tools.is_empty() { 0 } else { 1_000 };
    let for_schema = match &request.response_format {
        ResponseFormat::Text => 0,
        ResponseFormat::JsonObject => 200,
        // In words it may stand beside an answer that missed it.
        ResponseFormat::JsonSchema { schema, .. } => 1_000 + 2 * schema.to_string().len() as u64,
    };
    for_tools + for_schema
}

fn message_tokens(message: &Message) -> u64 {
    let parts = message.content.iter().map(part_tokens);
    parts.fold(PER_MESSAGE, u64::saturating_add)
}

fn part_tokens(part: &ContentPart) -> u64 {
    match part {
        ContentPart::Text(text) | ContentPart::Reasoning { text, .. } => estimate_text_tokens(text),
        ContentPart::Image(_) => PER_IMAGE,
        ContentPart::CacheMark(_) => 0,
        ContentPart::ToolCall(call) => call.arguments.to_string().len() as u64 / 3 + 8,
        ContentPart::ToolResult(result) => result
            .content
            .iter()
            .map(part_tokens)
            .fold(8, u64::saturating_add),
    }
}

fn part_bytes(part: &ContentPart) -> u64 {
    match part {
        ContentPart::Text(text) => text.len() as u64,
        ContentPart::Reasoning { text, signature } => {
            (text.len() + signature.as_ref().map_or(0, String::len)) as u64
        }
        // Vendors cap a picture well below this, whatever its size.
        ContentPart::Image(_) => 10_000,
        ContentPart::CacheMark(_) => 0,
        ContentPart::ToolCall(call) => {
            (call.id.len() + call.name.len() + call.arguments.to_string().len() + 64) as u64
        }
        ContentPart::ToolResult(result) => result
            .content
            .iter()
            .map(part_bytes)
            .fold(64 + result.call_id.len() as u64, u64::saturating_add),
    }
}

/// Estimates the tokens of a text by class: letters and blanks about four to a token, digits and
/// signs fewer, and what is not ASCII about one character to a token.
pub fn estimate_text_tokens(text: &str) -> u64 {
    let mut count = TokenCount::default();
    count.push(text);
    count.tokens()
}

/// Estimates the tokens of a text that comes in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenCount {
    /// In sixtieths of a token, so that nothing is lost to rounding.
    sixtieths: u64,
}

impl TokenCount {
    /// Takes the next piece.
    pub fn push(&mut self, text: &str) {
        let (mut letters, mut digits, mut signs, mut others) = (0_u64, 0_u64, 0_u64, 0_u64);
        for byte in text.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b' ' => letters += 1,
                b'0'..=b'9' => digits += 1,
                0..=127 => signs += 1,
                // The first byte of a character; the rest of it counts nothing.
                192..=255 => others += 1,
                128..=191 => {}
            }
        }
        self.sixtieths += letters * 13 + digits * 24 + signs * 36 + others * 54;
    }

    /// Returns the tokens of all pieces together.
    pub const fn tokens(self) -> u64 {
        self.sixtieths.div_ceil(60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_about_four_letters_to_a_token() {
        let tokens = estimate_text_tokens(&"the quick brown fox ".repeat(100));

        assert!((400..=500).contains(&tokens), "{tokens}");
    }

    #[test]
    fn characters_beyond_ascii_count_once_each() {
        assert_eq!(estimate_text_tokens("日本語"), 3);
        assert_eq!(estimate_text_tokens(""), 0);
    }
}
