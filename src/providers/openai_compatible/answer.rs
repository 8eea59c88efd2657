//! Reads a chat completion.

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

// Unknown members and values are ignored: vendors add some every month.
#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "or_default")]
    object: String,
    #[serde(default, deserialize_with = "or_default")]
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<Value>,
    error: Option<Value>,
    #[serde(default, deserialize_with = "or_default")]
    x_groq: GroqExtra,
}

#[derive(Default, Deserialize)]
struct GroqExtra {
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    message: Message,
    finish_reason: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Message {
    content: Option<Content>,
    #[serde(default, deserialize_with = "or_default")]
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default, deserialize_with = "or_default")]
    id: String,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    arguments: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Value>),
    Other(#[expect(dead_code, reason = "read past, whatever it is")] Value),
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct ChatUsage {
    prompt_tokens: TokenCount,
    completion_tokens: TokenCount,
    #[serde(deserialize_with = "or_default")]
    prompt_tokens_details: PromptDetails,
    // Mistral has the cached count here, or in details of a name of its own.
    num_cached_tokens: TokenCount,
    #[serde(deserialize_with = "or_default")]
    prompt_token_details: PromptDetails,
    #[serde(deserialize_with = "or_default")]
    completion_tokens_details: CompletionDetails,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: TokenCount,
    cache_write_tokens: TokenCount,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: TokenCount,
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
        .map_err(|_| failure::broken(reply, "the answer is not a chat completion"))?;
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
    if answer.object == "error" {
        // The error stands bare, as Mistral's do.
        let words = refusal::read(reply.status, &reply.body);
        return Err(failure::inside_success(reply, words, usage));
    }
    let error = answer.error.or(answer.x_groq.error);
    if let Some(error) = error.filter(|error| !error.is_null()) {
        let words = refusal::read_error(reply.status, error);
        return Err(failure::inside_success(reply, words, usage));
    }
    let Some(choice) = answer.choices.into_iter().flatten().next() else {
        return Err(failure::empty(reply, usage));
    };
    let is_refusal = choice
        .message
        .refusal
        .as_ref()
        .is_some_and(|text| !text.is_empty());
    let calls = choice.message.tool_calls.into_iter().flatten();
    let calls: Option<Vec<ContentPart>> = calls.map(Call::read).collect();
    let Some(calls) = calls else {
        return Err(failure::garbled_call(reply, usage));
    };
    let text = match (choice.message.content, choice.message.refusal) {
        (_, Some(refusal)) if is_refusal => refusal,
        (Some(content), _) => content.into_text(),
        (None, _) => String::new(),
    };
    let reason = choice.finish_reason.as_ref();
    let reason = reason.map(|reason| reason.as_str().unwrap_or_default());
    let (finish, finish_is_unknown) = match reason {
        _ if is_refusal => (FinishReason::ContentFilter, false),
        // Some call a tool and say no more than that they stop.
        Some("stop") if !calls.is_empty() => (FinishReason::ToolCalls, false),
        Some("stop") => (FinishReason::Stop, false),
        Some("length" | "model_length") => (FinishReason::Length, false),
        Some("content_filter") => (FinishReason::ContentFilter, false),
        Some("tool_calls" | "function_call") => (FinishReason::ToolCalls, false),
        Some("error") => return Err(failure::given_up(reply, usage)),
        None => return Err(failure::unfinished(reply, usage)),
        Some(_) => (FinishReason::Stop, true),
    };
    // A stop sequence at the very start leaves nothing, and so does a filter.
    let is_cut_by_caller = finish == FinishReason::Stop && !call.request.sampling.stop.is_empty();
    let may_be_empty = finish == FinishReason::ContentFilter || is_cut_by_caller;
    if text.trim().is_empty() && !may_be_empty && calls.is_empty() {
        return Err(failure::textless(reply, finish, usage));
    }
    Ok(ProviderAnswer {
        model: served_model(answer.model, call),
        content: text_and_calls(text, calls),
        finish,
        finish_is_unknown,
        stop_sequence: None,
        usage,
        dropped_parameters,
        time_to_first_byte: reply.time_to_first_byte,
    })
}

/// Puts the text before the calls; an empty one is left out beside them.
fn text_and_calls(text: String, calls: Vec<ContentPart>) -> Vec<ContentPart> {
    let has_text = calls.is_empty() || !text.is_empty();
    let text = has_text.then_some(ContentPart::Text(text));
    text.into_iter().chain(calls).collect()
}

impl Call {
    fn read(self) -> Option<ContentPart> {
        Some(ContentPart::ToolCall(ToolCall {
            id: self.id,
            name: self.function.name,
            arguments: tool_arguments::read(self.function.arguments)?,
            signature: None,
        }))
    }
}

fn is_text(part: &Value) -> bool {
    part.get("type").and_then(Value::as_str) == Some("text")
}

impl Content {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => {
                let texts = parts.iter().filter(|part| is_text(part));
                texts
                    .filter_map(|part| part.get("text")?.as_str())
                    .collect()
            }
            Self::Other(_) => String::new(),
        }
    }
}

/// Takes OpenAI's overlapping counts apart; `None` if there are none.
///
/// `cached_tokens` and, since GPT-5.6, `cache_write_tokens` lie inside
/// `prompt_tokens`, `reasoning_tokens` inside `completion_tokens`. Where the
/// parts exceed the whole, writes are taken to lie outside.
pub(super) fn usage(counts: Value) -> Option<Usage> {
    let counts: ChatUsage = serde_json::from_value(counts).ok()?;
    let prompt = counts.prompt_tokens.value?;
    let completion = counts.completion_tokens.value?;
    let cache_read = [
        counts.prompt_tokens_details.cached_tokens,
        counts.prompt_token_details.cached_tokens,
        counts.num_cached_tokens,
    ];
    // They name the same tokens, and some of them may be absent.
    let cache_read = cache_read
        .map(TokenCount::or_zero)
        .into_iter()
        .max()
        .unwrap_or(0);
    let cache_write_5m = counts.prompt_tokens_details.cache_write_tokens.or_zero();
    let reasoning = counts.completion_tokens_details.reasoning_tokens.or_zero();
    let inside = cache_read.saturating_add(cache_write_5m);
    let is_outside = inside > prompt;
    let input = prompt.saturating_sub(if is_outside { cache_read } else { inside });
    let tokens = TokenUsage {
        input,
        cache_read,
        cache_write_5m,
        cache_write_1h: 0,
        output: completion.saturating_sub(reasoning),
        reasoning,
    };
    let is_odd = counts.prompt_tokens.is_odd || counts.completion_tokens.is_odd;
    Some(Usage {
        is_inconsistent: is_odd || is_outside || reasoning > completion,
        ..Usage::reported(tokens)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(json: &str) -> Usage {
        usage(serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn overlapping_counts_come_apart() {
        let usage = counted(
            r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
                "prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},
                "completion_tokens_details":{"reasoning_tokens":30}}"#,
        );

        assert_eq!(
            usage.tokens,
            TokenUsage {
                input: 30,
                cache_read: 60,
                cache_write_5m: 10,
                cache_write_1h: 0,
                output: 20,
                reasoning: 30,
            }
        );
        assert!(!usage.is_inconsistent);
    }

    #[test]
    fn contradictions_are_clamped_and_marked() {
        let written_outside = counted(
            r#"{"prompt_tokens":100,"completion_tokens":5,
                "prompt_tokens_details":{"cached_tokens":80,"cache_write_tokens":40}}"#,
        );
        let too_much_thought = counted(
            r#"{"prompt_tokens":1,"completion_tokens":5,
                "completion_tokens_details":{"reasoning_tokens":9}}"#,
        );

        assert_eq!(written_outside.tokens.input, 20);
        assert_eq!(too_much_thought.tokens.output, 0);
        assert!(written_outside.is_inconsistent && too_much_thought.is_inconsistent);
    }

    #[test]
    fn nulls_count_as_absent() {
        let usage = counted(
            r#"{"prompt_tokens":7,"completion_tokens":5,
                "prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}"#,
        );

        assert_eq!((usage.tokens.input, usage.tokens.output), (7, 5));
    }

    proptest::proptest! {
        #[test]
        fn classes_add_up_to_what_the_vendor_counts(
            prompt in 0_u64..1 << 40, completion in 0_u64..1 << 40,
            cached in 0_u64..1 << 40, written in 0_u64..1 << 40, reasoning in 0_u64..1 << 40,
        ) {
            let json = format!(
                r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},
                    "prompt_tokens_details":{{"cached_tokens":{cached},"cache_write_tokens":{written}}},
                    "completion_tokens_details":{{"reasoning_tokens":{reasoning}}}}}"#
            );
            let usage = counted(&json);
            if !usage.is_inconsistent {
                proptest::prop_assert_eq!(usage.tokens.total_input(), prompt);
                proptest::prop_assert_eq!(usage.tokens.total_output(), completion);
            }
        }
    }

    #[test]
    fn odd_members_beside_a_good_text_do_not_lose_it() {
        for odd in [
            r#"{"model":5,"choices":[{"message":{"content":"ok","refusal":false},"finish_reason":7}]}"#,
            r#"{"choices":[{"message":{"content":[{"type":"x","text":5},{"type":"text","text":"ok"}]},
                "finish_reason":"stop"}],"usage":"none"}"#,
        ] {
            let answer: Answer = serde_json::from_str(odd).unwrap();
            let choice = answer.choices.into_iter().flatten().next().unwrap();

            assert_eq!(choice.message.content.unwrap().into_text(), "ok");
        }
        let none: Answer =
            serde_json::from_str(r#"{"choices":null,"error":{"code":"x"}}"#).unwrap();
        assert!(none.error.is_some());
    }
}
