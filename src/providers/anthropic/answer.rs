//! Reads a message.

use serde::Deserialize;
use serde_json::Value;

use super::refusal;
use crate::domain::{
    ContentPart, FinishReason, ProviderAnswer, ProviderCall, ProviderError, TokenUsage, ToolCall,
    Usage,
};
use crate::providers::exchange::Reply;
use crate::providers::failure;
use crate::providers::served_model::served_model;
use crate::providers::token_count::{TokenCount, or_default};
use crate::providers::tool_arguments;

// Unknown members, blocks and values are ignored: the vendor adds some every
// month.
#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "or_default")]
    model: Option<String>,
    content: Option<Vec<Block>>,
    stop_reason: Option<Value>,
    #[serde(default, deserialize_with = "or_default")]
    stop_sequence: Option<String>,
    usage: Option<Value>,
    error: Option<refusal::Body>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    text: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    thinking: String,
    #[serde(default, deserialize_with = "or_default")]
    signature: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    input: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MessageUsage {
    input_tokens: TokenCount,
    output_tokens: TokenCount,
    cache_read_input_tokens: TokenCount,
    cache_creation_input_tokens: TokenCount,
    #[serde(deserialize_with = "or_default")]
    cache_creation: CacheCreation,
    #[serde(deserialize_with = "or_default")]
    output_tokens_details: OutputDetails,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_1h_input_tokens: TokenCount,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: TokenCount,
}

/// Reads a reply of status 200, which need not be a success.
///
/// # Errors
/// What the reply's own error says; else `Broken` for a body that is not
/// understood, has no answer in it, or stops without saying why.
pub(super) fn read(
    reply: &Reply,
    call: &ProviderCall<'_>,
    dropped_parameters: Vec<&'static str>,
) -> Result<ProviderAnswer, ProviderError> {
    let answer: Answer = serde_json::from_slice(&reply.body)
        .map_err(|_| failure::broken(reply, "the answer is not a message"))?;
    let model = served_model(answer.model.clone(), call);
    read_parsed(reply, call, answer, dropped_parameters).map_err(|error| error.of_model(model))
}

fn read_parsed(
    reply: &Reply,
    call: &ProviderCall<'_>,
    answer: Answer,
    dropped_parameters: Vec<&'static str>,
) -> Result<ProviderAnswer, ProviderError> {
    let usage = answer.usage.and_then(usage);
    if let Some(error) = answer.error {
        let words = refusal::words(reply.status, error);
        return Err(failure::inside_success(reply, words, usage));
    }
    let blocks = answer.content.into_iter().flatten();
    let content = blocks.filter_map(|block| block.part().transpose());
    let Ok(content) = content.collect::<Result<Vec<ContentPart>, GarbledCall>>() else {
        return Err(failure::garbled_call(reply, usage));
    };
    let reason = answer.stop_reason.as_ref();
    let reason = reason.map(|reason| reason.as_str().unwrap_or_default());
    let (finish, finish_is_unknown) = match reason {
        Some("end_turn" | "stop_sequence") => (FinishReason::Stop, false),
        Some("max_tokens" | "model_context_window_exceeded") => (FinishReason::Length, false),
        Some("refusal") => (FinishReason::ContentFilter, false),
        Some("tool_use") => (FinishReason::ToolCalls, false),
        // The vendor pauses only for tools of its own, which nobody asked for.
        Some("pause_turn") | None => return Err(failure::unfinished(reply, usage)),
        Some(_) => (FinishReason::Stop, true),
    };
    // A stop sequence at the very start leaves nothing, and so does a refusal.
    let may_be_empty = finish == FinishReason::ContentFilter || reason == Some("stop_sequence");
    let says_something = content.iter().any(|part| match part {
        ContentPart::Text(text) => !text.trim().is_empty(),
        ContentPart::ToolCall(_) => true,
        _ => false,
    });
    if !says_something && !may_be_empty {
        return Err(failure::textless(reply, finish, usage));
    }
    Ok(ProviderAnswer {
        model: served_model(answer.model, call),
        content,
        finish,
        finish_is_unknown,
        stop_sequence: answer.stop_sequence,
        usage,
        dropped_parameters,
        time_to_first_byte: reply.time_to_first_byte,
    })
}

/// A call whose arguments make no sense.
struct GarbledCall;

impl Block {
    /// Reads a part; `None` for kinds that are not known.
    fn part(self) -> Result<Option<ContentPart>, GarbledCall> {
        Ok(Some(match self.kind.as_str() {
            "text" => ContentPart::Text(self.text.unwrap_or_default()),
            "thinking" => ContentPart::Reasoning {
                text: self.thinking,
                signature: self.signature,
            },
            "tool_use" => ContentPart::ToolCall(ToolCall {
                id: self.id,
                name: self.name,
                arguments: tool_arguments::read(self.input).ok_or(GarbledCall)?,
                signature: None,
            }),
            _ => return Ok(None),
        }))
    }
}

/// Takes the vendor's counts apart; `None` if there are none.
///
/// Cache reads and writes lie outside `input_tokens`, writes for an hour
/// inside `cache_creation_input_tokens`, thinking inside `output_tokens`.
pub(super) fn usage(counts: Value) -> Option<Usage> {
    let counts: MessageUsage = serde_json::from_value(counts).ok()?;
    let input = counts.input_tokens.value?;
    let total_output = counts.output_tokens.value?;
    let written = counts.cache_creation_input_tokens.or_zero();
    let cache_write_1h = counts.cache_creation.ephemeral_1h_input_tokens.or_zero();
    let reasoning = counts.output_tokens_details.thinking_tokens.or_zero();
    let tokens = TokenUsage {
        input,
        cache_read: counts.cache_read_input_tokens.or_zero(),
        cache_write_5m: written.saturating_sub(cache_write_1h),
        cache_write_1h,
        output: total_output.saturating_sub(reasoning),
        reasoning,
    };
    let is_odd = counts.input_tokens.is_odd || counts.output_tokens.is_odd;
    Some(Usage {
        is_inconsistent: is_odd || cache_write_1h > written || reasoning > total_output,
        ..Usage::reported(tokens)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_outside_and_inside_come_apart() {
        let counts = r#"{"input_tokens":10,"output_tokens":50,"cache_read_input_tokens":200,
            "cache_creation_input_tokens":30,
            "cache_creation":{"ephemeral_5m_input_tokens":18,"ephemeral_1h_input_tokens":12},
            "output_tokens_details":{"thinking_tokens":40},"service_tier":"standard"}"#;

        let usage = usage(serde_json::from_str(counts).unwrap()).unwrap();

        assert_eq!(
            usage.tokens,
            TokenUsage {
                input: 10,
                cache_read: 200,
                cache_write_5m: 18,
                cache_write_1h: 12,
                output: 10,
                reasoning: 40,
            }
        );
        assert_eq!(usage.tokens.total_input(), 240);
        assert!(!usage.is_inconsistent);
    }

    #[test]
    fn contradictions_are_clamped_and_marked() {
        let counts = r#"{"input_tokens":1,"output_tokens":3,
            "output_tokens_details":{"thinking_tokens":9}}"#;

        let usage = usage(serde_json::from_str(counts).unwrap()).unwrap();

        assert_eq!(usage.tokens.output, 0);
        assert!(usage.is_inconsistent);
    }
}
