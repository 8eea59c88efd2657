//! Reads generated content.

use serde::Deserialize;
use serde_json::Value;

use super::refusal;
use crate::domain::{
    ContentPart, FinishReason, ProviderAnswer, ProviderCall, ProviderError, ProviderErrorKind,
    RequestId, TokenUsage, ToolCall, Usage,
};
use crate::providers::exchange::Reply;
use crate::providers::failure::{self, Words};
use crate::providers::served_model::served_model;
use crate::providers::token_count::{TokenCount, or_default};
use crate::providers::tool_arguments;

// Unknown members, parts and values are ignored: the vendor adds some every
// month.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default, deserialize_with = "or_default")]
    model_version: Option<String>,
    candidates: Option<Vec<Candidate>>,
    #[serde(default, deserialize_with = "or_default")]
    prompt_feedback: Feedback,
    usage_metadata: Option<Value>,
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default, deserialize_with = "or_default")]
    content: Content,
    finish_reason: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content {
    parts: Option<Vec<Value>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Counts {
    prompt_token_count: TokenCount,
    cached_content_token_count: TokenCount,
    tool_use_prompt_token_count: TokenCount,
    candidates_token_count: TokenCount,
    thoughts_token_count: TokenCount,
    total_token_count: TokenCount,
}

/// Why the vendor says that it ended, in our terms.
enum End {
    Finished(FinishReason),
    /// A value from next month, taken for a stop.
    Unknown,
    Failed(ProviderErrorKind),
}

/// Reads a reply of status 200, which need not be a success.
///
/// # Errors
/// What the reply's own error says; `Blocked` for a prompt that the vendor
/// would not answer; else `Broken` for a body that is not understood, has no
/// answer in it, or stops without saying why.
pub(super) fn read(
    reply: &Reply,
    call: &ProviderCall<'_>,
    dropped_parameters: Vec<&'static str>,
) -> Result<ProviderAnswer, ProviderError> {
    let answer: Answer = serde_json::from_slice(&reply.body).map_err(|_| unreadable(reply))?;
    let named = answer.model_version.clone().map(bare_id);
    let model = served_model(named, call);
    read_parsed(reply, call, answer, dropped_parameters).map_err(|error| error.of_model(model))
}

/// Makes the error of a body that is no answer; it may be an error in an
/// array.
fn unreadable(reply: &Reply) -> ProviderError {
    let words = refusal::read(reply.status, &reply.body);
    if words.message.is_some() {
        return failure::inside_success(reply, words, None);
    }
    failure::broken(reply, "the answer is not generated content")
}

fn read_parsed(
    reply: &Reply,
    call: &ProviderCall<'_>,
    answer: Answer,
    dropped_parameters: Vec<&'static str>,
) -> Result<ProviderAnswer, ProviderError> {
    let usage = answer.usage_metadata.and_then(usage);
    if let Some(error) = answer.error.filter(|error| !error.is_null()) {
        let words = refusal::words(reply.status, &error);
        return Err(failure::inside_success(reply, words, usage));
    }
    let Some(candidate) = answer.candidates.into_iter().flatten().next() else {
        return Err(match answer.prompt_feedback.block_reason {
            Some(reason) => blocked(reply, &reason, usage),
            None => failure::empty(reply, usage),
        });
    };
    let text = candidate.content.text();
    let reason = candidate.finish_reason.as_ref();
    let reason = reason.map(|reason| reason.as_str().unwrap_or_default());
    let (finish, finish_is_unknown) = match end(reason) {
        // There is no reason of its own for a call.
        End::Finished(FinishReason::Stop) if candidate.content.has_call() => {
            (FinishReason::ToolCalls, false)
        }
        End::Finished(finish) => (finish, false),
        End::Unknown => (FinishReason::Stop, true),
        End::Failed(_) if reason.is_none() => return Err(failure::unfinished(reply, usage)),
        End::Failed(kind) => {
            let words = Words {
                kind: Some(kind),
                message: Some(format!("finish reason {}", reason.unwrap_or_default())),
                wait: None,
            };
            return Err(failure::inside_success(reply, words, usage));
        }
    };
    // A stop sequence at the very start leaves nothing, and so does a filter.
    let is_cut_by_caller = finish == FinishReason::Stop && !call.request.sampling.stop.is_empty();
    let may_be_empty = finish == FinishReason::ContentFilter || is_cut_by_caller;
    let calls: Option<Vec<ContentPart>> = candidate.content.calls().collect();
    let Some(calls) = calls else {
        return Err(failure::garbled_call(reply, usage));
    };
    if text.trim().is_empty() && !may_be_empty && calls.is_empty() {
        return Err(failure::textless(reply, finish, usage));
    }
    let has_text = calls.is_empty() || !text.is_empty();
    let text = has_text.then_some(ContentPart::Text(text));
    let named = answer.model_version.map(bare_id);
    Ok(ProviderAnswer {
        model: served_model(named, call),
        content: text.into_iter().chain(calls).collect(),
        finish,
        finish_is_unknown,
        stop_sequence: None,
        usage,
        dropped_parameters,
        time_to_first_byte: reply.time_to_first_byte,
    })
}

fn blocked(reply: &Reply, reason: &str, usage: Option<Usage>) -> ProviderError {
    let words = Words {
        kind: Some(ProviderErrorKind::Blocked),
        message: Some(format!("the prompt was blocked: {reason}")),
        wait: None,
    };
    failure::inside_success(reply, words, usage)
}

fn end(reason: Option<&str>) -> End {
    use ProviderErrorKind as Kind;
    let Some(reason) = reason else {
        return End::Failed(Kind::Broken);
    };
    match reason {
        "STOP" => End::Finished(FinishReason::Stop),
        "MAX_TOKENS" | "CONTINUATION" => End::Finished(FinishReason::Length),
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR"
        | "ESCALATION" | "LANGUAGE" | "NO_IMAGE" => End::Finished(FinishReason::ContentFilter),
        _ if reason.starts_with("IMAGE_") => End::Finished(FinishReason::ContentFilter),
        "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" | "OTHER" | "FINISH_REASON_UNSPECIFIED" => {
            End::Failed(Kind::Broken)
        }
        _ if reason.starts_with("MALFORMED_") => End::Failed(Kind::Broken),
        "MISSING_THOUGHT_SIGNATURE" => End::Failed(Kind::InvalidRequest),
        // The account is limited, not the model.
        "PUP_LIMITED_DISABLED" => End::Failed(Kind::Unauthorized),
        _ => End::Unknown,
    }
}

impl Content {
    /// Reads the calls; `None` for one whose arguments make no sense. The
    /// vendor's older models give them no ids.
    fn calls(&self) -> impl Iterator<Item = Option<ContentPart>> {
        self.parts.iter().flatten().filter_map(|part| {
            let call = part.get("functionCall")?.as_object()?;
            let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
            let arguments = tool_arguments::read(call.get("args").cloned());
            Some(arguments.map(|arguments| {
                ContentPart::ToolCall(ToolCall {
                    id: text(call.get("id"))
                        .unwrap_or_else(|| format!("call_{:032x}", RequestId::random().bits())),
                    name: text(call.get("name")).unwrap_or_default(),
                    arguments,
                    signature: text(part.get("thoughtSignature")),
                })
            }))
        })
    }

    fn has_call(&self) -> bool {
        let mut parts = self.parts.iter().flatten();
        parts.any(|part| part.get("functionCall").is_some_and(Value::is_object))
    }

    /// Joins the texts of the answer, without the thoughts before it.
    fn text(&self) -> String {
        let parts = self.parts.iter().flatten();
        let answers = parts.filter(|part| part.get("thought") != Some(&Value::Bool(true)));
        answers
            .filter_map(|part| part.get("text")?.as_str())
            .collect()
    }
}

/// Takes `models/` and what may stand before it off a name.
fn bare_id(name: String) -> String {
    match name.rsplit_once("models/") {
        Some((_, id)) => id.to_owned(),
        None => name,
    }
}

/// Takes the vendor's counts apart; `None` if there are none.
///
/// Cached tokens lie inside `promptTokenCount`, thoughts outside
/// `candidatesTokenCount`, and what tools put in outside both; the total has
/// them all. A count that is 0 is left out on the wire.
pub(super) fn usage(counts: Value) -> Option<Usage> {
    let counts: Counts = serde_json::from_value(counts).ok()?;
    let prompt = counts.prompt_token_count.value?;
    let cache_read = counts.cached_content_token_count.or_zero();
    let from_tools = counts.tool_use_prompt_token_count.or_zero();
    let tokens = TokenUsage {
        input: prompt.saturating_sub(cache_read).saturating_add(from_tools),
        cache_read,
        output: counts.candidates_token_count.or_zero(),
        reasoning: counts.thoughts_token_count.or_zero(),
        ..TokenUsage::default()
    };
    let sum = tokens.total_input().saturating_add(tokens.total_output());
    let total = counts.total_token_count.value;
    let is_odd = counts.prompt_token_count.is_odd || counts.candidates_token_count.is_odd;
    Some(Usage {
        is_inconsistent: is_odd || cache_read > prompt || total.is_some_and(|total| total != sum),
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
    fn thoughts_lie_outside_and_cached_tokens_inside() {
        let usage = counted(
            r#"{"promptTokenCount":100,"cachedContentTokenCount":60,"toolUsePromptTokenCount":7,
                "candidatesTokenCount":20,"thoughtsTokenCount":30,"totalTokenCount":157}"#,
        );

        assert_eq!(
            usage.tokens,
            TokenUsage {
                input: 47,
                cache_read: 60,
                output: 20,
                reasoning: 30,
                ..TokenUsage::default()
            }
        );
        assert!(!usage.is_inconsistent);
    }

    #[test]
    fn contradictions_are_clamped_and_marked() {
        let too_much_cached = counted(r#"{"promptTokenCount":10,"cachedContentTokenCount":60}"#);
        let wrong_sum = counted(r#"{"promptTokenCount":10,"totalTokenCount":99}"#);

        assert_eq!(too_much_cached.tokens.input, 0);
        assert!(too_much_cached.is_inconsistent && wrong_sum.is_inconsistent);
    }

    #[test]
    fn only_the_text_of_the_answer_is_taken() {
        let content: Content = serde_json::from_str(
            r#"{"role":"model","parts":[{"text":"hm","thought":true},{"text":"a"},
                {"functionCall":{"name":"f"}},{"text":5},{"text":"b","thoughtSignature":"x"},7]}"#,
        )
        .unwrap();

        assert_eq!(content.text(), "ab");
        assert!(content.has_call());
    }

    #[test]
    fn a_name_loses_the_path_before_it() {
        let id = |name: &str| bare_id(name.to_owned());

        assert_eq!(id("gemini-x"), "gemini-x");
        assert_eq!(id("models/gemini-x"), "gemini-x");
        assert_eq!(id("publishers/google/models/gemini-x"), "gemini-x");
    }

    proptest::proptest! {
        #[test]
        fn classes_add_up_to_what_the_vendor_counts(
            prompt in 0_u64..1 << 38, cached_share in 0_u64..=100, tools in 0_u64..1 << 38,
            output in 0_u64..1 << 38, thoughts in 0_u64..1 << 38,
        ) {
            let cached = prompt / 100 * cached_share;
            let total = prompt + tools + output + thoughts;
            let usage = counted(&format!(
                r#"{{"promptTokenCount":{prompt},"cachedContentTokenCount":{cached},
                    "toolUsePromptTokenCount":{tools},"candidatesTokenCount":{output},
                    "thoughtsTokenCount":{thoughts},"totalTokenCount":{total}}}"#
            ));
            proptest::prop_assert!(!usage.is_inconsistent);
            proptest::prop_assert_eq!(usage.tokens.total_input(), prompt + tools);
            proptest::prop_assert_eq!(usage.tokens.total_output(), output + thoughts);
        }
    }
}
